/** Files of a run: list, read, download, upload, delete. */

import type { ServerConnection } from '@jupyterlab/services';

import { Binding } from './binding';
import { Aborted, ReanaError } from './errors';
import { list, text, time, flag, integer } from './read';
import { route } from './runs';
import { address, fetchResponse, parseResponse, type Send } from './send';
import type { RemoteTransfer, TransfersApi } from './transfers';
import type { FailedFile, Page, WorkspaceFile } from './values';

const PAGE_SIZE = 1000;

export class WorkspaceApi {
  constructor(
    private readonly _send: Send,
    private readonly _transfers: TransfersApi,
    private readonly _settings: ServerConnection.ISettings,
    private readonly _binding = new Binding()
  ) {}

  async page(id: string, page: number, signal?: AbortSignal): Promise<Page<WorkspaceFile>> {
    const response = await this._send(route(id, 'workspace'), { query: { page, size: PAGE_SIZE }, signal });
    const items = list(response, 'files').map(readFile);
    return {
      items,
      total: integer(response, 'totalFiles', items.length),
      page,
      hasNext: flag(response, 'has_next'),
      hasPrevious: flag(response, 'has_prev')
    };
  }

  /** All files, from every page. */
  async files(id: string, signal?: AbortSignal): Promise<readonly WorkspaceFile[]> {
    const found: WorkspaceFile[] = [];
    for (let number = 1; ; number++) {
      const page = await this.page(id, number, signal);
      found.push(...page.items);
      if (!page.hasNext || page.items.length === 0) {
        return found;
      }
    }
  }

  /** The URL of a file, for the browser itself. */
  address(id: string, path: string, query: Readonly<Record<string, string>> = {}): string {
    return address(this._settings, fileRoute(id, 'content', path), query);
  }

  /** A file or folder of the drive as a Jupyter contents model; the path is like `hello.1/results`. */
  async driveModel(path: string, content: boolean): Promise<unknown> {
    return this._send(`drive/${encodedPath(path)}`, { query: { content: content ? '1' : '0' } });
  }

  /** Fetch the bytes of a file. Rejects if it cannot be read. */
  async read(id: string, path: string): Promise<Response> {
    const init: RequestInit = { cache: 'no-store', headers: this._binding.headers };
    const response = await fetchResponse(this.address(id, path), init, this._settings);
    if (!response.ok) {
      // Throws the error that the body describes.
      parseResponse(response.status, await response.text());
    }
    return response;
  }

  /** Download files below the Jupyter server's root; resolves to the files that failed, with reasons. */
  async download(
    id: string,
    paths: readonly string[],
    signal: AbortSignal,
    report: (transfer: RemoteTransfer) => void
  ): Promise<readonly FailedFile[]> {
    const begun = await this._send(route(id, 'download'), { method: 'POST', body: { paths }, signal });
    const result = await this._transfers.watch(begun, signal, report);
    return list(result, 'failed').map(one => ({ name: text(one, 'name'), message: text(one, 'message') }));
  }

  async remove(id: string, path: string): Promise<void> {
    await this._send(fileRoute(id, 'workspace', path), { method: 'DELETE' });
  }

  /** Upload a file, replacing one of the same name; reports the bytes sent. */
  async upload(
    id: string,
    path: string,
    content: Blob,
    signal: AbortSignal,
    report: (bytes: number) => void
  ): Promise<void> {
    const url = address(this._settings, fileRoute(id, 'upload', path));
    const headers = { ...credentials(this._settings), ...this._binding.headers };
    parseResponse(...(await send(url, content, headers, signal, report)));
  }
}

/** Encode a path, keeping its slashes. */
function encodedPath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function fileRoute(id: string, what: string, path: string): string {
  return route(id, `${what}/${encodedPath(path)}`);
}

function readFile(source: unknown): WorkspaceFile {
  return { name: text(source, 'name'), modifiedAt: time(source, 'lastModified'), size: integer(source, 'size', -1) };
}

/** `fetch` reports no upload progress, so this uses XMLHttpRequest. */
async function send(
  url: string,
  content: Blob,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  report: (bytes: number) => void
): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', url);
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    for (const [name, value] of Object.entries(headers)) {
      request.setRequestHeader(name, value);
    }
    request.upload.onprogress = ({ loaded }) => report(loaded);
    // Error statuses, too: `parseResponse` makes errors of them.
    request.onload = () => resolve([request.status, request.responseText]);
    // XMLHttpRequest gives no reason for a network error.
    request.onerror = () => reject(new ReanaError(0, ''));
    request.onabort = () => reject(new Aborted());
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(content);
  });
}

/** Jupyter's protection of writes: the token, or the XSRF cookie repeated as a header. */
function credentials({ token }: ServerConnection.ISettings): Record<string, string> {
  const xsrf = /(?:^|;\s*)_xsrf=([^;]*)/.exec(document.cookie)?.[1];
  return { ...(token ? { Authorization: `token ${token}` } : {}), ...(xsrf ? { 'X-XSRFToken': xsrf } : {}) };
}
