// Changes of jobs, told over a WebSocket: parts of the page look again at once, and ask less often by themselves.
// Where there is no WebSocket to be had, they go on asking as they always did.
(() => {
  "use strict";
  const SECOND = 1000;
  const TOGETHER = 50;
  const ASK_ANYWAY = 5 * SECOND;
  const LONGEST_PAUSE = 30 * SECOND;
  const NO_LONGER_ALLOWED = 4401;

  let isOpen = false;
  let pause = SECOND;
  let soon = 0;

  // What comes together is one reason to look.
  const lookAgain = () => {
    soon ||= setTimeout(() => {
      soon = 0;
      document.body.dispatchEvent(new CustomEvent("uws-changed"));
    }, TOGETHER);
  };

  const open = () => {
    const address = new URL("/jobs/", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    socket.addEventListener("open", () => {
      isOpen = true;
      pause = SECOND;
    });
    socket.addEventListener("message", lookAgain);
    socket.addEventListener("close", (event) => {
      isOpen = false;
      if (event.code === NO_LONGER_ALLOWED) lookAgain(); // that leads to the log-in
      setTimeout(open, pause * (0.5 + Math.random())); // not all pages at the same moment
      pause = Math.min(2 * pause, LONGEST_PAUSE);
    });
  };

  const asked = new Map();
  document.addEventListener("htmx:beforeRequest", (event) => {
    const part = event.detail.elt;
    if (!part.matches("[data-told]")) return;
    const byItself = !event.detail.requestConfig.triggeringEvent;
    const isEarly = Date.now() - (asked.get(part.id) ?? 0) < ASK_ANYWAY;
    if (isOpen && byItself && isEarly) event.preventDefault();
    else asked.set(part.id, Date.now());
  });

  if (document.querySelector("[data-live]")) open();
})();
