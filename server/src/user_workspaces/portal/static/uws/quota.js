// Updates the core hours of a launch while the sliders move; the server checks the quota again.
(() => {
  "use strict";
  const DIGITS = { maximumFractionDigits: 2, useGrouping: false };

  const valueOf = (form, name) => {
    const field = form.elements.namedItem(name);
    return field ? Number(field.value) : NaN;
  };

  const show = (form) => {
    const note = form.querySelector("[data-cost]");
    if (!note) return;
    const cpus = valueOf(form, note.dataset.cpus);
    const needs = ((Number.isNaN(cpus) ? 1 : cpus) * valueOf(form, note.dataset.minutes)) / 60;
    if (!Number.isFinite(needs)) return;
    note.querySelector("[data-needs]").textContent = needs.toLocaleString("en", DIGITS);
    note.classList.toggle("quota-over", needs > Number(note.dataset.left));
  };

  // Registered after the slider's handler, so that the number has its new value.
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form");
    if (form) show(form);
  });
})();
