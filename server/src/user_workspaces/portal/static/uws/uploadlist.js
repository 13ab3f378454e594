// The list of uploads: one row per file or folder, with progress, rate and remaining time.
(() => {
  "use strict";
  const AT_ONCE = 3; // below the number of transfers that the server allows a user
  const DONE_STAYS = 4000;
  const SMALL = 1024 * 1024; // one request for each small file would cost more time than its bytes
  const BATCH = { files: 100, bytes: 8 * 1024 * 1024 };
  const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  const RATE_OVER = 5000;
  const LOOK_EVERY = 2000;
  const MOST_SHOWN = 20;
  const KEPT = { prefix: "uws-folder:", files: 5000, milliseconds: 24 * 3600 * 1000 };

  const form = document.getElementById("upload");
  const panel = document.querySelector("[data-upload-panel]");
  const list = panel.querySelector("[data-upload-list]");
  const status = panel.querySelector("[data-upload-status]");
  const groups = new Set();
  let running = 0;

  const readable = (bytes) => {
    let unit = 0;
    let value = bytes;
    while (value >= 1024 && unit < UNITS.length - 1) {
      value /= 1024;
      unit += 1;
    }
    return `${value.toFixed(1).replace(/\.0$/, "")} ${UNITS[unit]}`;
  };
  const files = (count) => `${count} ${count === 1 ? "file" : "files"}`;
  const duration = (seconds) => {
    if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s left`;
    const minutes = Math.round(seconds / 60);
    return minutes < 60 ? `${minutes} min left` : `${Math.floor(minutes / 60)} h ${minutes % 60} min left`;
  };

  // --- rows

  const element = (name, className, text = "") => {
    const made = document.createElement(name);
    made.className = className;
    made.textContent = text;
    return made;
  };
  const button = (text, of, act) => {
    const made = element("button", "button button-quiet", text);
    made.type = "button";
    made.append(element("span", "unseen", ` ${of}`));
    made.addEventListener("click", act);
    return made;
  };
  const rowFor = (name) => {
    const line = element("li", "");
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", `Upload of ${name}`);
    const title = element("span", "upload-name", name);
    title.title = name;
    const progress = element("span", "upload-said", "Queued");
    const actions = element("span", "actions");
    line.append(title, bar, progress, actions);
    list.append(line);
    panel.hidden = false;
    return { line, title, bar, status: progress, actions };
  };
  const remove = (row) => {
    row.line.remove();
    panel.hidden = list.children.length === 0;
  };

  // --- the progress of a group: one file, or all files of a folder

  const rateOf = (group, sent) => {
    const now = performance.now();
    group.samples.push({ now, sent });
    while (group.samples.length > 2 && now - group.samples[0].now > RATE_OVER) group.samples.shift();
    const [first] = group.samples;
    return now - first.now > 500 ? Math.max(0, (1000 * (sent - first.sent)) / (now - first.now)) : 0;
  };
  const show = (group) => {
    if (group.isCancelled || group.isFinished) return;
    let sent = group.sent;
    for (const unit of group.units) sent += unit.sent;
    sent = Math.min(sent, group.size);
    const rate = rateOf(group, sent);
    const parts = group.isMany ? [`${group.done} of ${files(group.count)}`] : [];
    parts.push(`${readable(sent)} of ${readable(group.size)}`);
    if (group.waiting) parts.push(group.waiting);
    else if (rate > 0 && sent < group.size) parts.push(`${readable(rate)}/s`, duration((group.size - sent) / rate));
    group.row.bar.max = Math.max(1, group.size);
    group.row.bar.value = sent;
    group.row.status.textContent = parts.join(", ");
  };

  let lookAt = 0;
  let looking = null;
  const look = () => {
    looking = null;
    lookAt = Date.now() + LOOK_EVERY;
    document.body.dispatchEvent(new CustomEvent("uws-changed", { detail: { isPoll: true } }));
  };
  const lookAgain = () => {
    looking ??= setTimeout(look, Math.max(0, lookAt - Date.now()));
  };

  // --- uploaded files of a folder are stored in the browser, so that choosing the same folder again resumes its upload

  const markOf = ({ path, file }) => `${path}|${file.size}|${file.lastModified}`;
  const keyOf = (group) => `${KEPT.prefix}${form.dataset.uploads}:${group.path}`;
  const kept = (key) => {
    try {
      const found = JSON.parse(localStorage.getItem(key));
      return found && Date.now() - found.at < KEPT.milliseconds ? found : null;
    } catch {
      return null;
    }
  };
  const keep = (group) => {
    if (!group.isFolder || group.count > KEPT.files) return;
    const { name, path, count } = group;
    try {
      localStorage.setItem(keyOf(group), JSON.stringify({ at: Date.now(), name, path, count, marks: [...group.marks] }));
    } catch {
      // storage is disabled or full: the upload cannot be resumed
    }
  };
  const forget = (key) => localStorage.removeItem(key);

  // --- the queue: small files in batches, large ones alone

  const take = (group) => {
    const isSmall = ({ file }) => file.size <= SMALL;
    if (!isSmall(group.waitingFor[0])) return [group.waitingFor.shift()];
    const taken = [];
    let bytes = 0;
    while (group.waitingFor.length && taken.length < BATCH.files) {
      const at = group.waitingFor.findIndex(isSmall);
      if (at < 0 || bytes + group.waitingFor[at].file.size > BATCH.bytes) break;
      const [item] = group.waitingFor.splice(at, 1);
      bytes += item.file.size;
      taken.push(item);
    }
    return taken;
  };

  const start = (group) => {
    const items = take(group);
    const unit = { items, sent: 0, cancel: null };
    const report = ({ sent, waiting }) => {
      if (sent !== undefined) unit.sent = sent;
      group.waiting = waiting ?? "";
      show(group);
    };
    group.units.add(unit);
    running += 1;
    const { done, cancel } =
      items.length > 1
        ? globalThis.uwsUploadBatch({ address: form.dataset.batch, items, report })
        : globalThis.uwsUpload({ endpoint: form.dataset.uploads, ...items[0], report });
    unit.cancel = cancel;
    done
      .then((problems) => settle(group, unit, problems ?? []))
      .catch((error) => settle(group, unit, items.map(({ path }) => ({ path, message: error.message }))))
      .finally(() => {
        running -= 1;
        next();
      });
  };

  const settle = (group, unit, problems) => {
    group.units.delete(unit);
    if (group.isCancelled) return;
    const failed = new Map(problems.map(({ path, message }) => [path, message]));
    for (const item of unit.items) {
      if (failed.has(item.path)) group.failed.push({ ...item, message: failed.get(item.path) });
      else {
        group.done += 1;
        group.sent += item.file.size;
        group.marks.add(markOf(item));
      }
    }
    if (failed.size < unit.items.length) lookAgain();
    keep(group);
    show(group);
    if (group.isWhole && group.units.size === 0 && group.waitingFor.length === 0) finish(group);
  };

  const finish = (group) => {
    const { row } = group;
    group.isFinished = true;
    groups.delete(group);
    row.actions.replaceChildren();
    if (group.failed.length > 0) {
      fail(group);
      return;
    }
    forget(keyOf(group));
    row.line.className = "is-done";
    row.bar.value = row.bar.max;
    row.status.textContent = group.isMany ? `Done: ${files(group.done)}, ${readable(group.size)}` : "Done";
    status.textContent = group.isMany ? `${files(group.done)} of ${group.name} uploaded.` : `${group.name} uploaded.`;
    lookAgain();
    setTimeout(() => remove(row), DONE_STAYS);
  };

  const fail = (group) => {
    const { row, failed } = group;
    row.line.className = "is-failed";
    const [first] = failed;
    row.status.textContent = group.isMany ? `${files(failed.length)} of ${group.count} not uploaded` : first.message;
    status.textContent = `${group.name}: ${row.status.textContent}`;
    if (group.isMany) {
      const shown = failed.slice(0, MOST_SHOWN).map(({ path, message }) => element("li", "", `${path}: ${message}`));
      if (failed.length > MOST_SHOWN) shown.push(element("li", "", `and ${failed.length - MOST_SHOWN} more`));
      group.problems = element("ul", "plain upload-problems");
      group.problems.append(...shown);
      row.line.append(group.problems);
    }
    const again = () => {
      group.problems?.remove();
      row.line.className = "";
      Object.assign(group, { waitingFor: failed, failed: [], isFinished: false, samples: [] });
      groups.add(group);
      offerCancel(group);
      show(group);
      next();
    };
    row.actions.append(button("Try again", group.name, again), button("Dismiss", group.name, () => remove(row)));
  };

  const cancel = (group) => {
    group.isCancelled = true;
    groups.delete(group);
    for (const unit of group.units) unit.cancel?.();
    forget(keyOf(group));
    remove(group.row);
    if (group.done > 0) lookAgain();
    status.textContent = `The upload of ${group.name} was cancelled.`;
    document.querySelector("#upload-files").focus();
  };
  const offerCancel = (group) => {
    const act = () => cancel(group);
    group.row.actions.replaceChildren(button(group.isMany ? "Cancel all" : "Cancel", group.name, act));
  };

  const next = () => {
    for (const group of groups) {
      while (running < AT_ONCE && group.waitingFor.length > 0) start(group);
    }
  };

  // --- interface for the page: open a group, `add` files, and `close` it once all are known

  const open = ({ name, path = name, isFolder = false, isMany = isFolder }) => {
    const lists = { waitingFor: [], failed: [], samples: [], units: new Set(), marks: new Set() };
    const group = { name, path, isFolder, isMany, count: 0, done: 0, size: 0, sent: 0, waiting: "", ...lists };
    const before = new Set(isFolder ? kept(keyOf(group))?.marks : []);
    group.row = rowFor(name);
    offerCancel(group);
    groups.add(group);
    return {
      add: (itemPath, file) => {
        const item = { path: itemPath, file };
        group.count += 1;
        group.size += file.size;
        if (before.has(markOf(item))) {
          group.done += 1;
          group.sent += file.size;
          group.marks.add(markOf(item));
        } else group.waitingFor.push(item);
        if (group.waitingFor.length >= 2 * BATCH.files) next(); // listing a large folder takes a while
      },
      close: () => {
        group.isWhole = true;
        if (group.count === 0) cancel(group);
        else if (group.waitingFor.length === 0 && group.units.size === 0) finish(group);
        else {
          keep(group);
          show(group);
          next();
        }
      },
    };
  };

  addEventListener("beforeunload", (event) => {
    if (groups.size > 0) event.preventDefault();
  });

  const interrupted = () => {
    const prefix = `${KEPT.prefix}${form.dataset.uploads}:`;
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix));
    return keys.map((key) => ({ key, kept: kept(key) })).filter((one) => one.kept !== null);
  };
  globalThis.uwsUploadList = { open, rowFor, remove, button, readable, files, forget, interrupted };
})();
