// Uploads that broke off when their page was closed are offered again: the same file goes on where it stopped.
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

  const offer = (name, said, isFolder, { act, discard }) => {
    const row = rowFor(name);
    row.line.className = "is-unfinished";
    row.said.textContent = said;
    const what = isFolder ? "Choose the folder" : "Choose the file";
    row.actions.append(
      button(what, `${name} to go on`, () => choose(isFolder, (chosen) => act(row, chosen))),
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
        row.said.textContent = `This is another file. Pick ${name} of ${readable(kept.size)} again to go on.`;
        return;
      }
      if (file.lastModified !== kept.lastModified) kept.forget(); // changed since: it begins anew
      remove(row);
      const group = open({ name: kept.path });
      group.add(kept.path, file);
      group.close();
    };
    const said = `${readable(kept.sent)} of ${readable(kept.size)} arrived. Pick the same file again to go on.`;
    const row = offer(kept.path, said, false, { act, discard: kept.forget });
    row.bar.max = Math.max(1, kept.size);
    row.bar.value = kept.sent;
  };

  const offerFolder = ({ key, kept }, waiting) => {
    const act = (row, chosen) => {
      const [top] = (chosen[0]?.webkitRelativePath ?? "").split("/");
      if (top !== kept.name) {
        row.said.textContent = `This is another folder. Pick ${kept.name} again to go on.`;
        return;
      }
      remove(row);
      const group = open({ name: kept.name, path: kept.path, isFolder: true });
      const above = kept.path.slice(0, kept.path.length - kept.name.length);
      for (const file of chosen) group.add(above + file.webkitRelativePath, file);
      group.close();
    };
    const said = `${kept.marks.length} of ${files(kept.count)} arrived. Pick the same folder again to go on.`;
    const discard = () => {
      forget(key);
      for (const one of waiting) one.forget();
    };
    const row = offer(kept.name, said, true, { act, discard });
    row.bar.max = Math.max(1, kept.count);
    row.bar.value = kept.marks.length;
  };

  const offerAll = async () => {
    const folders = interrupted();
    const begun = await globalThis.uwsUnfinished(form.dataset.uploads);
    const isIn = (folder, one) => one.path.startsWith(`${folder.kept.path}/`);
    for (const folder of folders) offerFolder(folder, begun.filter((one) => isIn(folder, one)));
    for (const one of begun) if (!folders.some((folder) => isIn(folder, one))) offerFile(one);
  };
  offerAll();
})();
