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
    if (!log) return;
    delete log.dataset.atEnd; // an answer without news leaves no mark: no swap follows it
    if (event.detail.shouldSwap && isAtEnd(log)) log.dataset.atEnd = "";
  });
  document.addEventListener("htmx:afterSwap", () => {
    // Taken back at once: the next swap may be that of another part, when somebody has scrolled up meanwhile.
    for (const log of document.querySelectorAll("[data-follow][data-at-end]")) {
      toEnd(log);
      delete log.dataset.atEnd;
    }
  });
  document.addEventListener("DOMContentLoaded", () => {
    for (const log of document.querySelectorAll("[data-follow]")) toEnd(log);
  });
})();
