// Runs before the page is painted: the appearance that was chosen on this device, so that nothing flashes.
(() => {
  "use strict";
  const KEY = "uws-appearance";
  const root = document.documentElement;

  const show = (appearance) => {
    if (appearance) root.dataset.appearance = appearance;
    else delete root.dataset.appearance;
  };

  const remembered = () => {
    try {
      return localStorage.getItem(KEY) || "";
    } catch {
      return ""; // storage is switched off: the system's appearance it is
    }
  };

  const remember = (appearance) => {
    try {
      localStorage.setItem(KEY, appearance);
    } catch {
      // it holds for this page then
    }
  };

  show(remembered());
  document.addEventListener("DOMContentLoaded", () => {
    const choice = document.getElementById("appearance");
    if (!choice) return;
    choice.closest("label").hidden = false;
    choice.value = remembered();
    choice.addEventListener("change", () => {
      remember(choice.value);
      show(choice.value);
    });
  });
})();
