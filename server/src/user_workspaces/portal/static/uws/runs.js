// A log that is read along: what comes is put behind it, and only who reads its end is taken along.
(() => {
  "use strict";
  const NEAR = 24;

  const isAtEnd = (log) => log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
  const toEnd = (log) => {
    log.scrollTop = log.scrollHeight;
  };

  document.addEventListener("htmx:beforeSwap", (event) => {
    const log = event.detail.target.closest("[data-follow]");
    if (log) log.dataset.atEnd = isAtEnd(log) ? "yes" : "no";
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const log of document.querySelectorAll("[data-follow][data-at-end='yes']")) toEnd(log);
  });
  document.addEventListener("DOMContentLoaded", () => {
    for (const log of document.querySelectorAll("[data-follow]")) toEnd(log);
  });
})();
