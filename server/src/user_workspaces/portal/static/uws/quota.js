// Says while the sliders move how many core hours a launch may take; the server says it once more, and decides.
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

  // After the slider has told its number: both listen to the same event.
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form");
    if (form) show(form);
  });
})();
