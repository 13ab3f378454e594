// Follows a log: new output is appended, and the view scrolls along only if it was at the end.
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
    delete log.dataset.atEnd; // a response without new output must not set it, since no swap follows
    if (event.detail.shouldSwap && isAtEnd(log)) log.dataset.atEnd = "";
  });
  document.addEventListener("htmx:afterSwap", () => {
    // Reset at once: the next swap may be that of another fragment, after the user has scrolled up.
    for (const log of document.querySelectorAll("[data-follow][data-at-end]")) {
      toEnd(log);
      delete log.dataset.atEnd;
    }
  });
  document.addEventListener("DOMContentLoaded", () => {
    for (const log of document.querySelectorAll("[data-follow]")) toEnd(log);
  });
})();
