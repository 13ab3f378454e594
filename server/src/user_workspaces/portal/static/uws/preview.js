// File previews: search in a text, sort a table, and ask before unsaved text is discarded.
(() => {
  "use strict";
  const MOST_FOUND = 1000;

  // --- search: highlights all matches and scrolls from one to the next

  const rangesOf = (node, wanted) => {
    const text = node.data.toLowerCase();
    const found = [];
    for (let at = text.indexOf(wanted); at >= 0 && found.length < MOST_FOUND; at = text.indexOf(wanted, at + wanted.length)) {
      const range = new Range();
      range.setStart(node, at);
      range.setEnd(node, at + wanted.length);
      found.push(range);
    }
    return found;
  };

  const highlight = (name, ranges) => {
    // Highlights mark ranges without new elements, which would be slow in a text of a megabyte.
    if (CSS.highlights) CSS.highlights.set(name, new Highlight(...ranges));
  };

  const joinSearch = (part) => {
    const bar = part.querySelector("[data-search]");
    const box = part.querySelector(".lines");
    const input = bar.querySelector("input");
    const status = bar.querySelector("[data-found]");
    let found = [];
    let here = 0;

    const show = (step) => {
      here = found.length ? (here + step + found.length) % found.length : 0;
      const range = found[here];
      const many = found.length >= MOST_FOUND ? `${MOST_FOUND} or more` : found.length;
      status.textContent = range ? `${here + 1} of ${many}` : input.value ? "Not found" : "";
      highlight("uws-found", found);
      highlight("uws-found-here", range ? [range] : []);
      if (!range) return;
      const [inner, outer] = [range.getBoundingClientRect(), box.getBoundingClientRect()];
      box.scrollTop += inner.top - outer.top - outer.height / 2;
      if (inner.left < outer.left + 80 || inner.right > outer.right) box.scrollLeft += inner.left - outer.left - outer.width / 2;
    };

    const search = () => {
      const node = part.querySelector(".line-text").firstChild;
      found = node && input.value ? rangesOf(node, input.value.toLowerCase()) : [];
      here = box.hasAttribute("data-stay-at-end") ? Math.max(0, found.length - 1) : 0;
      show(0);
    };

    bar.hidden = false;
    input.addEventListener("input", search);
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      show(event.shiftKey ? -1 : 1);
    });
    bar.querySelector("[data-next]").addEventListener("click", () => show(1));
    bar.querySelector("[data-previous]").addEventListener("click", () => show(-1));
  };

  // --- sorting: numbers by value, before words

  const valueOf = (row, column) => {
    const text = row.cells[column]?.textContent.trim() ?? "";
    const number = text === "" ? Number.NaN : Number(text);
    return { text, number };
  };

  const compare = (one, other) => {
    const [isNumber, isOther] = [!Number.isNaN(one.number), !Number.isNaN(other.number)];
    if (isNumber && isOther) return one.number - other.number;
    if (isNumber !== isOther) return isNumber ? -1 : 1;
    return one.text.localeCompare(other.text, undefined, { numeric: true });
  };

  const sortBy = (table, head, column) => {
    const isUp = head.getAttribute("aria-sort") !== "ascending";
    for (const one of table.querySelectorAll("th")) one.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => ({ row, value: valueOf(row, column) }));
    rows.sort((one, other) => (isUp ? 1 : -1) * compare(one.value, other.value));
    body.append(...rows.map(({ row }) => row));
  };

  const joinSorting = (table) => {
    for (const [column, head] of table.querySelectorAll("thead th").entries()) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sorter";
      button.title = "Sort by this column";
      button.textContent = head.textContent;
      button.addEventListener("click", () => sortBy(table, head, column));
      head.replaceChildren(button);
    }
  };

  // --- documents in frames get the appearance that was chosen for the page

  const joinFrame = (frame) => {
    // The sandbox gives the document an origin of its own, so it cannot read the stored appearance.
    const chosen = document.documentElement.dataset.appearance;
    if (chosen) frame.src += `&appearance=${encodeURIComponent(chosen)}`;
  };

  // --- unsaved text is not discarded without a question

  const isUnsaved = (form) => {
    const text = form?.querySelector("textarea");
    // With an error on the form, the text is that of the response but not saved.
    return Boolean(text) && (text.value !== text.defaultValue || form.querySelector("[role=alert]") !== null);
  };
  const unsaved = () => isUnsaved(document.querySelector("form[data-unsaved]"));
  const mayDiscard = () => !unsaved() || confirm("You have unsaved changes. Close anyway?");

  document.addEventListener(
    "click",
    (event) => {
      if (!event.target.closest("dialog [data-close]") || mayDiscard()) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    true, // before the dialog closes
  );
  addEventListener("beforeunload", (event) => {
    if (unsaved()) event.preventDefault();
  });

  const settle = (within) => {
    // Marked, because `settle` starts at the parent of the new part and so finds old parts again.
    for (const part of within.querySelectorAll("[data-text]:not([data-joined])")) {
      part.dataset.joined = "";
      joinSearch(part);
    }
    for (const table of within.querySelectorAll("table[data-sorts]:not([data-joined])")) {
      table.dataset.joined = "";
      joinSorting(table);
    }
    for (const frame of within.querySelectorAll("iframe[data-themed]:not([data-joined])")) {
      frame.dataset.joined = "";
      joinFrame(frame);
    }
    for (const form of within.querySelectorAll("form[data-unsaved]:not([data-joined])")) {
      form.dataset.joined = "";
      // Chromium closes a dialog at the second Escape even if the first was prevented, so the key event is cancelled.
      form.closest("dialog")?.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && !mayDiscard()) event.preventDefault();
      });
    }
  };
  document.addEventListener("DOMContentLoaded", () => settle(document));
  document.addEventListener("htmx:load", (event) => settle(event.detail.elt.parentElement ?? document));
})();
