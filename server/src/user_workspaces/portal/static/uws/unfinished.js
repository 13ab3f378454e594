// Offers to resume uploads that were interrupted when their page was closed.
(() => {
  "use strict";
  const form = document.getElementById("upload");
  const { open, rowFor, remove, button, readable, files, forget, interrupted } = globalThis.uwsUploadList;

  const choose = (isFolder, act) => {
    const input = document.createElement("input");
    input.type = "file";
    input.webkitdirectory = isFolder;
    input.addEventListener("change", () => act([...input.files]));
    input.click();
  };

  const offer = (name, text, isFolder, { act, discard }) => {
    const row = rowFor(name);
    row.line.className = "is-unfinished";
    row.status.textContent = text;
    const what = isFolder ? "Choose the folder" : "Choose the file";
    row.actions.append(
      button(what, `${name} to resume`, () => choose(isFolder, (chosen) => act(row, chosen))),
      button("Discard", name, () => {
        discard();
        remove(row);
      }),
    );
    return row;
  };

  const offerFile = (kept) => {
    const name = kept.path.split("/").pop();
    const act = (row, [file]) => {
      if (!file) return;
      if (file.name !== name || file.size !== kept.size) {
        row.status.textContent = `This is a different file. Choose ${name} (${readable(kept.size)}) again to resume.`;
        return;
      }
      if (file.lastModified !== kept.lastModified) kept.forget(); // changed since: upload the whole file again
      remove(row);
      const group = open({ name: kept.path });
      group.add(kept.path, file);
      group.close();
    };
    const text = `${readable(kept.sent)} of ${readable(kept.size)} uploaded. Choose the same file again to resume.`;
    const row = offer(kept.path, text, false, { act, discard: kept.forget });
    row.bar.max = Math.max(1, kept.size);
    row.bar.value = kept.sent;
  };

  const offerFolder = ({ key, kept }, waiting) => {
    const act = (row, chosen) => {
      const [top] = (chosen[0]?.webkitRelativePath ?? "").split("/");
      if (top !== kept.name) {
        row.status.textContent = `This is a different folder. Choose ${kept.name} again to resume.`;
        return;
      }
      remove(row);
      const group = open({ name: kept.name, path: kept.path, isFolder: true });
      const above = kept.path.slice(0, kept.path.length - kept.name.length);
      for (const file of chosen) group.add(above + file.webkitRelativePath, file);
      group.close();
    };
    const text = `${kept.marks.length} of ${files(kept.count)} uploaded. Choose the same folder again to resume.`;
    const discard = () => {
      forget(key);
      // Their parts would otherwise occupy the server's disk until they expire.
      for (const one of waiting) one.forget();
    };
    const row = offer(kept.name, text, true, { act, discard });
    row.bar.max = Math.max(1, kept.count);
    row.bar.value = kept.marks.length;
  };

  const offerAll = async () => {
    const folders = interrupted();
    const started = await globalThis.uwsUnfinished(form.dataset.uploads);
    const isIn = (folder, one) => one.path.startsWith(`${folder.kept.path}/`);
    for (const folder of folders) offerFolder(folder, started.filter((one) => isIn(folder, one)));
    for (const one of started) if (!folders.some((folder) => isIn(folder, one))) offerFile(one);
  };
  offerAll();
})();
