// Resumable uploads with the tus protocol 1.0.0; a file is sent in pieces.
(() => {
  "use strict";
  // Web servers in front limit the size of a body, and a failed request costs at most one piece.
  const PIECE = 32 * 1024 * 1024;
  const SHORTEST_WAIT = 500;
  const LONGEST_WAIT = 10_000;
  const KEPT_FOR = 24 * 3600 * 1000;
  const PREFIX = "uws-upload:";
  // 409: the offset differs after an interrupted piece. 423: the server is still writing the previous one.
  const TRY_AGAIN = new Set([0, 409, 423, 429, 500, 502, 503, 504]);

  class RequestError extends Error {
    constructor(message, status) {
      super(message);
      this.status = status;
    }
  }

  const csrfToken = () => JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRFToken"] ?? "";

  // `btoa` accepts only characters up to U+00FF, so it gets the bytes of the UTF-8 text.
  const inBase64 = (text) => btoa(String.fromCodePoint(...new TextEncoder().encode(text)));

  const explain = (request) => {
    try {
      return JSON.parse(request.responseText).message;
    } catch {
      return request.status ? `The server returned an error (${request.status}).` : "The server is not responding.";
    }
  };

  // --- one request; `job.request` can be aborted

  const send = (job, method, address, headers, body, progress) =>
    new Promise((resolve, reject) => {
      // Not `fetch`, which reports no progress of an upload.
      const request = new XMLHttpRequest();
      job.request = request;
      request.open(method, address);
      const own = { "Tus-Resumable": "1.0.0", "X-CSRFToken": csrfToken() };
      for (const [name, value] of Object.entries({ ...own, ...headers })) request.setRequestHeader(name, value);
      request.upload.onprogress = progress ? (event) => progress(event.loaded) : null;
      request.onabort = () => reject(new RequestError("Cancelled.", -1));
      request.onerror = () => reject(new RequestError("The server is not responding.", 0));
      request.onload = () => {
        // A page of a proxy may also have status 200; only the views for uploads send this header.
        const isOurs = request.getResponseHeader("Tus-Resumable") !== null;
        if (isOurs && request.status < 300) resolve(request);
        else reject(new RequestError(explain(request), request.status));
      };
      request.send(body ?? null);
    });

  // --- started uploads are stored in the browser, so that choosing the same file again resumes its upload

  // Size and time identify the content as far as a page can see it: a changed file starts anew.
  const keyOf = (job) => `${PREFIX}${job.endpoint}:${job.path}:${job.file.size}:${job.file.lastModified}`;

  const remember = (job) => {
    try {
      const { path, address } = job;
      const { size, lastModified } = job.file;
      localStorage.setItem(keyOf(job), JSON.stringify({ address, at: Date.now(), path, size, lastModified }));
    } catch {
      // storage is disabled: the upload cannot be resumed after the page was closed
    }
  };

  const forget = (job) => {
    try {
      localStorage.removeItem(keyOf(job));
    } catch {
      // storage is disabled
    }
  };

  const remembered = (job) => {
    try {
      for (const key of Object.keys(localStorage)) {
        if (!key.startsWith(PREFIX)) continue;
        // The server has deleted older uploads, so their addresses lead nowhere.
        if (Date.now() - JSON.parse(localStorage.getItem(key)).at > KEPT_FOR) localStorage.removeItem(key);
      }
      return JSON.parse(localStorage.getItem(keyOf(job)))?.address ?? null;
    } catch {
      return null;
    }
  };

  // Unfinished uploads of this browser: [{path, size, lastModified, sent, forget}].
  const unfinished = async (endpoint) => {
    const found = [];
    for (const key of Object.keys(localStorage).filter((one) => one.startsWith(`${PREFIX}${endpoint}:`))) {
      const kept = JSON.parse(localStorage.getItem(key));
      const job = { ...kept, request: null };
      const response = kept.path ? await send(job, "HEAD", kept.address, {}).catch((error) => error) : null;
      if (response instanceof XMLHttpRequest) {
        const forgetIt = () => {
          localStorage.removeItem(key);
          return send(job, "DELETE", kept.address, {}).catch(() => {});
        };
        found.push({ ...kept, sent: Number(response.getResponseHeader("Upload-Offset")), forget: forgetIt });
      } else if (response === null || response.status === 404 || response.status === 410) localStorage.removeItem(key);
    }
    return found;
  };

  // --- the protocol

  const begin = async (job) => {
    const response = await send(job, "POST", job.endpoint, {
      "Upload-Length": String(job.file.size),
      "Upload-Metadata": `filename ${inBase64(job.path)}`,
    });
    job.address = response.getResponseHeader("Location");
    job.offset = 0;
    remember(job);
  };

  const find = async (job) => {
    try {
      const response = await send(job, "HEAD", job.address, {});
      job.offset = Number(response.getResponseHeader("Upload-Offset"));
    } catch (error) {
      if (error.status !== 404 && error.status !== 410) throw error;
      forget(job);
      await begin(job);
    }
  };

  const append = async (job) => {
    const piece = job.file.slice(job.offset, job.offset + PIECE);
    const headers = { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(job.offset) };
    const shown = (loaded) => job.report({ sent: job.offset + loaded });
    const response = await send(job, "PATCH", job.address, headers, piece, shown);
    job.offset = Number(response.getResponseHeader("Upload-Offset"));
  };

  const wait = (job, milliseconds) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      job.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const jobs = new Set();
  addEventListener("online", () => {
    for (const job of jobs) job.wake?.();
  });

  const step = async (job) => {
    if (job.isLost) await find(job);
    else if (job.address === null) await begin(job);
    job.isLost = false;
    while (job.offset < job.file.size) {
      job.report({ sent: job.offset });
      await append(job);
      job.failures = 0;
    }
  };

  const run = async (job) => {
    jobs.add(job);
    try {
      for (;;) {
        try {
          await step(job);
          forget(job);
          return;
        } catch (error) {
          if (job.isCancelled || !TRY_AGAIN.has(error.status)) throw error;
          // An interrupted request may have stored some bytes, so the next step asks for the offset.
          job.isLost = job.address !== null;
          job.report({ waiting: error.status === 0 ? "Connection lost; retrying automatically" : error.message });
          await wait(job, Math.min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** job.failures));
          job.failures += 1;
          if (job.isCancelled) throw error;
        }
      }
    } finally {
      jobs.delete(job);
    }
  };

  // Retries, since the server may not have noticed the abort yet. It deletes abandoned uploads after a day.
  const discard = async (job) => {
    for (let attempt = 0; attempt < 10; attempt += 1) {
      try {
        await send(job, "DELETE", job.address, {});
        return;
      } catch (error) {
        if (!TRY_AGAIN.has(error.status)) return;
        await wait(job, SHORTEST_WAIT);
      }
    }
  };

  // `report` receives {sent} in bytes, or {waiting} with a reason; `done` resolves at the end of the upload.
  const upload = ({ endpoint, path, file, report }) => {
    const job = { endpoint, path, file, report, address: null, offset: 0, failures: 0, isLost: false, isCancelled: false };
    job.address = remembered(job);
    job.isLost = job.address !== null;
    const done = run(job);
    const cancel = async () => {
      job.isCancelled = true;
      job.request?.abort();
      job.wake?.();
      forget(job);
      await done.catch(() => {});
      if (job.address !== null) await discard(job);
    };
    return { done, cancel };
  };

  // Sends many small files in one request; `done` resolves with the failures: [{path, message}].
  const uploadBatch = ({ address, items, report }) => {
    const job = { report, failures: 0, isCancelled: false };
    const names = items.map(({ path, file }) => ({ path, size: file.size }));
    const line = new Blob([JSON.stringify(names), "\n"]);
    // A Blob refers to the files on disk, so a batch is not read into memory.
    const body = new Blob([line, ...items.map(({ file }) => file)]);
    const headers = { "Content-Type": "application/octet-stream" };
    const shown = (loaded) => report({ sent: Math.max(0, loaded - line.size) });
    const run = async () => {
      jobs.add(job);
      try {
        for (;;) {
          try {
            const response = await send(job, "POST", address, headers, body, shown);
            return JSON.parse(response.responseText).problems;
          } catch (error) {
            if (job.isCancelled || !TRY_AGAIN.has(error.status)) throw error;
            report({ sent: 0, waiting: error.status === 0 ? "Connection lost; retrying automatically" : error.message });
            await wait(job, Math.min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** job.failures));
            job.failures += 1;
            if (job.isCancelled) throw error;
          }
        }
      } finally {
        jobs.delete(job);
      }
    };
    const cancel = async () => {
      job.isCancelled = true;
      job.request?.abort();
      job.wake?.();
    };
    return { done: run(), cancel };
  };

  globalThis.uwsUpload = upload;
  globalThis.uwsUploadBatch = uploadBatch;
  globalThis.uwsUnfinished = (endpoint) => unfinished(endpoint).catch(() => []);
})();
