// The page of files: choosing, dropping, and a line with a bar for each upload.
(() => {
  "use strict";
  const AT_ONCE = 3;
  const DONE_STAYS = 4000;
  const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

  const form = document.getElementById("upload");
  const input = document.getElementById("upload-files");
  const list = form.querySelector("[data-upload-list]");
  const status = form.querySelector("[data-upload-status]");
  const waiting = [];
  let running = 0;
  let finished = 0;

  const readable = (bytes) => {
    let unit = 0;
    let value = bytes;
    while (value >= 1024 && unit < UNITS.length - 1) {
      value /= 1024;
      unit += 1;
    }
    return `${value.toFixed(1).replace(/\.0$/, "")} ${UNITS[unit]}`;
  };

  // --- a line for each upload

  const element = (name, className, text = "") => {
    const made = document.createElement(name);
    made.className = className;
    made.textContent = text;
    return made;
  };

  const button = (text, of) => {
    const made = element("button", "button button-quiet", text);
    made.type = "button";
    made.append(element("span", "unseen", ` ${of}`));
    return made;
  };

  const lineFor = (path, file) => {
    const line = element("li", "");
    const bar = document.createElement("progress");
    bar.max = Math.max(1, file.size);
    bar.value = 0;
    bar.setAttribute("aria-label", `Upload of ${path}`);
    const said = element("span", "upload-said", "Waiting for its turn");
    const action = button("Cancel", path);
    const name = element("span", "upload-name", path);
    name.title = path;
    line.append(name, bar, said, action);
    list.append(line);
    const isFirst = list.hidden;
    list.hidden = false;
    if (isFirst) form.scrollIntoView({ block: "nearest" }); // what is dropped on a long list would go unseen
    return { line, bar, said, action };
  };

  const remove = (line) => {
    line.remove();
    list.hidden = list.children.length === 0;
  };

  const lookAgain = () =>
    document.body.dispatchEvent(new CustomEvent("uws-changed", { detail: { isByItself: true } }));

  const summary = () => {
    if (running + waiting.length > 0) return;
    status.textContent = `${finished} ${finished === 1 ? "file" : "files"} uploaded.`;
    finished = 0;
  };

  // --- the queue

  const start = (item) => {
    const { path, file, shown } = item;
    running += 1;
    shown.said.textContent = "Starting";
    const tell = ({ sent, waiting: reason }) => {
      if (sent !== undefined) {
        shown.bar.value = sent;
        shown.said.textContent = `${readable(sent)} of ${readable(file.size)}`;
      }
      if (reason !== undefined) shown.said.textContent = reason;
    };
    const { done, cancel } = globalThis.uwsUpload({ endpoint: form.dataset.uploads, path, file, tell });
    item.cancel = cancel;
    done.then(() => succeed(item), (error) => fail(item, error)).finally(() => {
      running -= 1;
      next();
      summary();
    });
  };

  const succeed = ({ path, shown }) => {
    finished += 1;
    shown.line.className = "is-done";
    shown.bar.value = shown.bar.max;
    shown.said.textContent = "Done";
    shown.action.remove();
    lookAgain();
    setTimeout(() => remove(shown.line), DONE_STAYS);
    status.textContent = `${path} is uploaded.`;
  };

  const fail = (item, error) => {
    const { shown } = item;
    if (item.isCancelled) return;
    shown.line.className = "is-failed";
    shown.said.textContent = error.message;
    status.textContent = `${item.path} was not uploaded: ${error.message}`;
    const again = button("Try again", item.path);
    again.addEventListener("click", () => {
      again.remove();
      shown.line.className = "";
      waiting.push(item);
      next();
    });
    shown.action.before(again);
  };

  const next = () => {
    while (running < AT_ONCE && waiting.length > 0) start(waiting.shift());
  };

  const add = (path, file) => {
    const item = { path, file, shown: lineFor(path, file), cancel: null, isCancelled: false };
    item.shown.action.addEventListener("click", () => {
      item.isCancelled = true;
      const place = waiting.indexOf(item);
      if (place >= 0) waiting.splice(place, 1);
      item.cancel?.();
      remove(item.shown.line);
      input.focus();
    });
    waiting.push(item);
  };

  const below = (name) => (form.dataset.folder ? `${form.dataset.folder}/${name}` : name);

  addEventListener("beforeunload", (event) => {
    if (running + waiting.length > 0) event.preventDefault();
  });

  // --- chosen with the button

  const addChosen = () => {
    for (const file of input.files) add(below(file.webkitRelativePath || file.name), file);
    input.value = "";
    next();
  };
  input.addEventListener("change", addChosen);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    addChosen();
  });
  form.querySelector("button[type=submit]").hidden = true;

  // --- dropped, files and whole folders

  const filesOf = async (entry, path) => {
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      add(below(path + file.name), file);
      next();
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (part.length === 0) return;
      for (const inner of part) await filesOf(inner, `${path}${entry.name}/`);
    }
  };

  const zone = document.querySelector("[data-drop]");
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files") ?? false;
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    zone.classList.add("is-dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) zone.classList.remove("is-dropping");
  });
  document.addEventListener("drop", async (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    zone.classList.remove("is-dropping");
    const dropped = [...event.dataTransfer.items].filter((item) => item.kind === "file");
    const entries = dropped.map((item) => ({ entry: item.webkitGetAsEntry?.(), file: item.getAsFile() }));
    for (const { entry, file } of entries) {
      if (entry) await filesOf(entry, "").catch((error) => (status.textContent = error.message));
      else if (file) add(below(file.name), file);
    }
    next();
  });

  // --- choosing rows

  const boxes = () => [...document.querySelectorAll("#chosen tbody input[type=checkbox]")];
  const count = () => {
    const chosen = boxes().filter((box) => box.checked).length;
    const shown = document.querySelector("[data-chosen-count]");
    if (!shown) return;
    shown.textContent = chosen ? `${chosen} chosen` : "";
    for (const pressed of document.querySelectorAll(".chosen-actions button")) pressed.hidden = chosen === 0;
    const all = document.querySelector("[data-choose-all]");
    all.hidden = false;
    all.checked = chosen > 0 && chosen === boxes().length;
    all.indeterminate = chosen > 0 && !all.checked;
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-choose-all]")) for (const box of boxes()) box.checked = event.target.checked;
    if (event.target.closest("#chosen")) count();
  });
  document.addEventListener("htmx:load", count);
  count();
})();
