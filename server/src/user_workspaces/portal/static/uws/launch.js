// The launch form: limits follow the resource, the summary follows the values, file fields follow the application.
(() => {
  "use strict";
  const counted = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;
  const words = {
    num_cpus: (number) => counted(number, "CPU"),
    memory_mb: (number) => (number < 1024 ? `${number} MiB` : `${Math.round((number / 1024) * 10) / 10} GiB`),
    time_limit_min: (number) => {
      const hours = Math.floor(Math.round(number) / 60);
      const minutes = Math.round(number) % 60;
      if (hours && minutes) return `${hours} h ${minutes} min`;
      return hours ? counted(hours, "hour") : counted(minutes, "minute");
    },
  };

  const chosen = (form, name) => {
    // For radio buttons this is a list, whose value is that of the chosen button.
    const field = form.elements.namedItem(name);
    return field ? field.value : "";
  };

  const describe = (field) => {
    if (field.type === "checkbox") return field.checked ? field.labels[0].textContent.trim() : "";
    if (field.value === "") return "";
    const write = words[field.dataset.quantity];
    if (write) return Number.isFinite(Number(field.value)) ? write(Number(field.value)) : field.value;
    return `${field.labels[0].textContent.trim().replace(/\s+optional$/, "")}: ${field.value}`;
  };

  const summarize = (form) => {
    const summary = form.querySelector("[data-summary]");
    if (!summary) return;
    const fields = [...form.querySelectorAll("[name^='option-']")];
    summary.textContent = fields.map(describe).filter(Boolean).join(", ");
  };

  // Restores the value that the user wanted once a resource allows it; a value that the server rejected stays visible.
  const follow = (form, { isChange }) => {
    for (const number of form.querySelectorAll("[data-most]")) {
      const most = JSON.parse(number.dataset.most)[chosen(form, "resource")];
      const wanted = number.dataset.wanted ?? number.value;
      number.dataset.wanted = wanted;
      number.max = most ?? "";
      if (isChange) number.value = wanted === "" ? "" : Math.min(Number(wanted), most ?? Infinity);
      if (most === undefined) continue;
      const slider = form.querySelector(`[data-slides="${number.id}"]`);
      if (slider) {
        slider.max = most;
        slider.value = number.value;
      }
      const range = form.querySelector(`[data-range="${number.id}"]`);
      if (range) range.textContent = `${number.min} to ${most}`;
    }
  };

  const showFiles = (form) => {
    for (const part of form.querySelectorAll("[data-of-application]")) {
      part.hidden = part.dataset.ofApplication !== chosen(form, "job_type");
    }
  };

  const settle = () => {
    for (const form of document.querySelectorAll("form[data-launch]")) {
      showFiles(form);
      follow(form, { isChange: false });
    }
  };
  document.addEventListener("DOMContentLoaded", settle);
  document.addEventListener("htmx:load", settle);

  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("form[data-launch]");
    if (!form) return;
    if (event.target.name === "job_type") showFiles(form);
    if (event.target.name === "resource") follow(form, { isChange: true });
    summarize(form);
  });
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-launch]");
    if (!form) return;
    const number = event.target.dataset.slides ? document.getElementById(event.target.dataset.slides) : event.target;
    if ("wanted" in number.dataset) number.dataset.wanted = number.value;
    summarize(form);
  });

  // Unfolds the options, since the browser cannot focus an invalid field that is hidden.
  document.addEventListener("invalid", (event) => event.target.closest("details.options")?.setAttribute("open", ""), true);
})();
