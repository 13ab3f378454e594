// A WebSocket reports changes of jobs: live fragments then reload at once and poll less often.
// Without a WebSocket, they keep polling at their usual rate.
(() => {
  "use strict";
  const SECOND = 1000;
  const BATCH_MILLISECONDS = 50;
  const SLOW_POLL = 5 * SECOND;
  const LONGEST_PAUSE = 30 * SECOND;
  const NO_LONGER_ALLOWED = 4401;

  let isOpen = false;
  let pause = SECOND;
  let soon = 0;

  // Several messages within 50 ms cause one reload.
  const reloadSoon = () => {
    soon ||= setTimeout(() => {
      soon = 0;
      document.body.dispatchEvent(new CustomEvent("uws-changed"));
    }, BATCH_MILLISECONDS);
  };

  const open = () => {
    const address = new URL("/jobs/", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    socket.addEventListener("open", () => {
      isOpen = true;
      pause = SECOND;
    });
    socket.addEventListener("message", reloadSoon);
    socket.addEventListener("close", (event) => {
      isOpen = false;
      if (event.code === NO_LONGER_ALLOWED) reloadSoon(); // the response redirects to the login page
      setTimeout(open, pause * (0.5 + Math.random())); // spreads the reconnects of many pages
      pause = Math.min(2 * pause, LONGEST_PAUSE);
    });
  };

  const asked = new Map();
  document.addEventListener("htmx:beforeRequest", (event) => {
    const part = event.detail.elt;
    if (!part.matches("[data-pushed]")) return;
    // A poll by time has no triggering event.
    const isPoll = !event.detail.requestConfig.triggeringEvent;
    const isEarly = Date.now() - (asked.get(part.id) ?? 0) < SLOW_POLL;
    if (isOpen && isPoll && isEarly) event.preventDefault();
    else asked.set(part.id, Date.now());
  });

  if (document.querySelector("[data-live]")) open();
})();
