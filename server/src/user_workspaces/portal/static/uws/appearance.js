// Applies the stored appearance before the first paint, so that the page does not flash.
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
      return ""; // storage is disabled: use the appearance of the system
    }
  };

  const remember = (appearance) => {
    try {
      localStorage.setItem(KEY, appearance);
    } catch {
      // storage is disabled: the choice lasts until the page is left
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
