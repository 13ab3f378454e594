// The dataset picker fills the fields beside it. Without scripts, a separate page does the same.
(() => {
  "use strict";
  const field = (row, name) => row.querySelector(`input[name$="${name}"]`);

  const rowFor = (form) => {
    const rows = () => [...form.querySelectorAll("[data-link]")];
    const empty = rows().find((row) => !field(row, "path").value);
    if (empty) return empty;
    form.querySelector("[data-add-form]")?.click();
    return rows().at(-1);
  };

  document.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-dataset]");
    const form = chosen?.closest("form");
    if (!form) return;
    event.preventDefault();
    const row = rowFor(form);
    const path = chosen.dataset.dataset;
    field(row, "path").value = path;
    field(row, "name").value = path.split("/").at(-1);
    field(row, "name").focus();
  });
})();
