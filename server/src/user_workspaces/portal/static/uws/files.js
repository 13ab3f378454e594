// The files page: choosing and dropping files and folders, and selecting rows.
(() => {
  "use strict";
  const MOST_ROWS = 5;

  const form = document.getElementById("upload");
  const input = document.getElementById("upload-files");
  const { open } = globalThis.uwsUploadList;
  const below = (name) => (form.dataset.folder ? `${form.dataset.folder}/${name}` : name);

  // --- one row for a folder or many files, else one per file

  const addFolder = async (name, fill) => {
    const group = open({ name, path: below(name), isFolder: true });
    await fill(group);
    group.close();
  };
  const addFiles = (files) => {
    if (files.length <= MOST_ROWS) {
      for (const file of files) {
        const group = open({ name: below(file.name) });
        group.add(below(file.name), file);
        group.close();
      }
      return;
    }
    const group = open({ name: `${files.length} files`, isMany: true });
    for (const file of files) group.add(below(file.name), file);
    group.close();
  };

  // --- chosen with a button

  const addChosen = () => {
    addFiles([...input.files]);
    // Otherwise choosing the same file again would fire no `change` event.
    input.value = "";
  };
  input.addEventListener("change", addChosen);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    addChosen();
  });
  form.querySelector("button[type=submit]").hidden = true;

  const chooser = document.getElementById("upload-folder");
  chooser.addEventListener("change", () => {
    const files = [...chooser.files];
    const [top] = (files[0]?.webkitRelativePath ?? "").split("/");
    if (top) {
      addFolder(top, (group) => {
        for (const file of files) group.add(below(file.webkitRelativePath), file);
      });
    }
    chooser.value = "";
  });
  for (const pressed of document.querySelectorAll("[data-chooses]")) {
    pressed.hidden = false;
    pressed.addEventListener("click", (event) => {
      event.preventDefault();
      document.getElementById(pressed.dataset.chooses).click();
    });
  }

  // --- dropped, files and whole folders

  const fileOf = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));
  const fillFrom = async (group, entry, path) => {
    if (entry.isFile) {
      group.add(below(path + entry.name), await fileOf(entry));
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      // One call returns only some of the entries, in Chromium at most 100; an empty part is the end.
      const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (part.length === 0) return;
      for (const inner of part) await fillFrom(group, inner, `${path}${entry.name}/`);
    }
  };
  const report = (error) => {
    document.querySelector("[data-upload-status]").textContent = error.message;
  };

  const zone = document.querySelector("[data-drop]");
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files") ?? false;
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    // Without `preventDefault` in this event, the browser opens the dropped file and leaves the page.
    event.dataTransfer.dropEffect = "copy";
    zone.classList.add("is-dropping");
  });
  document.addEventListener("dragleave", (event) => {
    // The event also fires between elements of the page; only leaving the window has no related target.
    if (event.relatedTarget === null) zone.classList.remove("is-dropping");
  });
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    zone.classList.remove("is-dropping");
    // All items are read now, because the browser empties the list when this handler returns.
    const dropped = [...event.dataTransfer.items].filter((item) => item.kind === "file");
    const found = dropped.map((item) => ({ entry: item.webkitGetAsEntry?.(), file: item.getAsFile() }));
    addFiles(found.filter(({ entry, file }) => file && !entry?.isDirectory).map(({ file }) => file));
    for (const { entry } of found) {
      if (entry?.isDirectory) addFolder(entry.name, (group) => fillFrom(group, entry, "")).catch(report);
    }
  });

  // --- selecting rows

  const boxes = () => [...document.querySelectorAll("#chosen tbody input[type=checkbox]")];
  const count = () => {
    const chosen = boxes().filter((box) => box.checked).length;
    const shown = document.querySelector("[data-chosen-count]");
    if (!shown) return;
    shown.textContent = chosen ? `${chosen} selected` : "";
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
