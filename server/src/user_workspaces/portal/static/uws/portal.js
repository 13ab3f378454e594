// Enhancements of the pages; they all work without scripts, too, but less smoothly.
(() => {
  "use strict";
  const SECOND = 1000;
  const notify = (name) => document.body.dispatchEvent(new CustomEvent(name, { detail: { isPoll: true } }));

  // --- live fragments: reload only while visible, and not while the user works in them

  const isBusy = (part) => part.querySelector("details.menu[open]") !== null;
  // A poll would replace the table, and its selection would be lost.
  const isChosenFrom = (part) => part.querySelector("tbody input:checked") !== null;

  document.addEventListener("htmx:beforeRequest", (event) => {
    const part = event.detail.elt;
    if (!part.matches("[data-live]")) return;
    const isFolded = part.closest("details.fold:not([open])") !== null;
    const isUnseen = document.hidden && part.matches("[data-asleep-when-hidden]");
    const cause = event.detail.requestConfig.triggeringEvent;
    const isPoll = cause?.type !== "uws-changed" || cause.detail?.isPoll === true;
    if (isUnseen || isFolded || isBusy(part) || (isPoll && isChosenFrom(part))) event.preventDefault();
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const part = event.detail.target;
    if (part.matches("[data-live]") && isBusy(part)) event.detail.shouldSwap = false; // the menu was opened after the request
  });

  // A hidden tab skips its polls, so its fragments reload as soon as it is visible.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) notify("uws-changed");
  });

  const showOffline = (isOffline) => {
    document.getElementById("offline").hidden = !isOffline;
  };
  document.addEventListener("htmx:sendError", () => showOffline(true));
  // A web server in front answers with 502, 503 or 504 while this server does not respond.
  document.addEventListener("htmx:responseError", (event) => showOffline(event.detail.xhr.status >= 502));
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) showOffline(false);
  });

  // --- dialogs over the page; Escape and the cancel button close them

  const openDialogs = () => {
    const dialog = document.querySelector("#dialog > dialog:not([open])");
    if (!dialog) return;
    dialog.addEventListener("close", () => dialog.remove());
    // The server sends the dialog closed: one with the attribute `open` would not be modal.
    dialog.showModal();
  };

  document.addEventListener("htmx:afterSwap", (event) => {
    const isMessage = event.detail.target.id === "messages";
    if (isMessage) document.querySelector("dialog[open]")?.close(); // it would hide the message
  });

  document.addEventListener("click", (event) => {
    const closing = event.target.closest("[data-close]");
    const dialog = closing?.closest("dialog");
    if (!dialog) return;
    event.preventDefault();
    dialog.close();
  });

  // --- a double click submits a form once, so that it launches one session

  const SUBMIT_LOCK = 2 * SECOND; // covers the time until the next page has loaded
  const pressed = new WeakSet();
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      const button = event.submitter ?? form;
      // Not `form.method`, which a field named `method` would hide.
      if (form.getAttribute("method") !== "post") return;
      if (pressed.has(button)) {
        event.preventDefault();
        event.stopImmediatePropagation();
        return;
      }
      pressed.add(button);
      const release = () => setTimeout(() => pressed.delete(button), SUBMIT_LOCK);
      if (form.matches("[hx-post]")) form.addEventListener("htmx:afterRequest", release, { once: true });
      else release();
    },
    true, // capture: runs before the handler of htmx
  );

  // --- menus close on a click outside, on leaving them, and on Escape

  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(except)) menu.open = false;
    }
  };
  document.addEventListener("click", (event) => {
    closeMenus(event.target.closest(".item") ? null : event.target);
  });
  document.addEventListener("focusin", (event) => closeMenus(event.target));
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.activeElement?.closest("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  // --- sliders follow their number field, which is the one that is submitted

  const joinSliders = (within) => {
    for (const slider of within.querySelectorAll("[data-slides]")) {
      const number = document.getElementById(slider.dataset.slides);
      // The step comes before the value, which the browser rounds to the step.
      slider.step = number.dataset.step || "any";
      slider.value = number.value;
      slider.hidden = false;
      slider.addEventListener("input", () => {
        number.value = slider.value;
      });
      number.addEventListener("input", () => {
        slider.value = number.value;
      });
    }
  };

  // --- additional rows of a formset

  const joinRows = (within) => {
    for (const button of within.querySelectorAll("[data-add-form]")) {
      const group = button.closest("[data-forms]");
      const total = group.querySelector(`[name="${group.dataset.forms}-TOTAL_FORMS"]`);
      button.hidden = false;
      button.addEventListener("click", () => {
        const row = group.querySelector("template").content.cloneNode(true);
        const holder = document.createElement("div");
        holder.append(row);
        // Django writes `__prefix__` for the number of the form in the empty form of a formset.
        holder.innerHTML = holder.innerHTML.replaceAll("__prefix__", total.value);
        button.before(...holder.children);
        total.value = String(Number(total.value) + 1);
        button.previousElementSibling.querySelector("input").focus();
      });
    }
  };

  // --- progress of form uploads

  document.addEventListener("htmx:xhr:progress", (event) => {
    const bar = event.target.querySelector?.("progress.upload");
    if (!bar || !event.detail.lengthComputable) return;
    bar.hidden = false;
    bar.value = (100 * event.detail.loaded) / event.detail.total;
  });

  // --- clocks count the seconds between two polls

  const padded = (number) => String(number).padStart(2, "0");
  const tick = () => {
    for (const clock of document.querySelectorAll("[data-ticking]")) {
      const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(clock.dateTime)) / SECOND));
      const hours = Math.floor(seconds / 3600);
      const minutes = Math.floor(seconds / 60) % 60;
      clock.textContent = hours ? `${hours}:${padded(minutes)}:${padded(seconds % 60)}` : `${minutes}:${padded(seconds % 60)}`;
    }
  };
  setInterval(tick, SECOND);

  // --- after each swap

  const settle = (within) => {
    joinSliders(within);
    joinRows(within);
    openDialogs();
    tick();
    for (const log of within.querySelectorAll("[data-stay-at-end]")) log.scrollTop = log.scrollHeight;
    const wrong = within.querySelector("[aria-invalid='true']");
    if (wrong) wrong.focus();
  };

  document.addEventListener("DOMContentLoaded", () => settle(document));
  document.addEventListener("htmx:load", (event) => {
    // htmx also fires this event for the body, which `DOMContentLoaded` covers.
    if (event.detail.elt !== document.body) settle(event.detail.elt.parentElement ?? document);
  });
})();
