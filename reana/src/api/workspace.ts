/** The files of a run: list, read, fetch, put, delete. */

import type { ServerConnection } from '@jupyterlab/services';

import { Binding } from './binding';
import { Abandoned, ReanaError } from './errors';
import { list, text, time, truth, whole } from './read';
import { route } from './runs';
import { address, reach, understand, type Send } from './send';
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
    const answer = await this._send(route(id, 'workspace'), { query: { page, size: PAGE_SIZE }, signal });
    const items = list(answer, 'files').map(readFile);
    return {
      items,
      total: whole(answer, 'totalFiles', items.length),
      page,
      hasNext: truth(answer, 'has_next'),
      hasPrevious: truth(answer, 'has_prev')
    };
  }

  /** Every file, page after page. */
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

  /** Where the browser itself finds a file. */
  address(id: string, path: string, query: Readonly<Record<string, string>> = {}): string {
    return address(this._settings, fileRoute(id, 'content', path), query);
  }

  /** A file or folder of the drive, in the form that Jupyter's contents have: `hello.1/results`. */
  async driveModel(path: string, content: boolean): Promise<unknown> {
    return this._send(`drive/${encodedPath(path)}`, { query: { content: content ? '1' : '0' } });
  }

  /** The bytes of a file. Rejects where it cannot be read. */
  async read(id: string, path: string): Promise<Response> {
    const init: RequestInit = { cache: 'no-store', headers: this._binding.headers };
    const response = await reach(this.address(id, path), init, this._settings);
    if (!response.ok) {
      understand(response.status, await response.text());
    }
    return response;
  }

  /** Fetch files below the Jupyter server's root; answers which of them could not be fetched, and why. */
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

  /** Put a file there; what has the same name is replaced. Tells how many bytes have gone. */
  async upload(
    id: string,
    path: string,
    content: Blob,
    signal: AbortSignal,
    report: (bytes: number) => void
  ): Promise<void> {
    const url = address(this._settings, fileRoute(id, 'upload', path));
    const headers = { ...credentials(this._settings), ...this._binding.headers };
    understand(...(await send(url, content, headers, signal, report)));
  }
}

/** A path keeps its slashes; every other sign of it is encoded. */
export function encodedPath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function fileRoute(id: string, what: string, path: string): string {
  return route(id, `${what}/${encodedPath(path)}`);
}

function readFile(source: unknown): WorkspaceFile {
  return { name: text(source, 'name'), modifiedAt: time(source, 'lastModified'), size: whole(source, 'size', -1) };
}

/** As `fetch` does not tell the progress of what it sends. */
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
    request.onload = () => resolve([request.status, request.responseText]);
    request.onerror = () => reject(new ReanaError(0, ''));
    request.onabort = () => reject(new Abandoned());
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(content);
  });
}

/** What Jupyter wants to see of a page that writes: its token, or the cookie said again. */
function credentials({ token }: ServerConnection.ISettings): Record<string, string> {
  const xsrf = /(?:^|;\s*)_xsrf=([^;]*)/.exec(document.cookie)?.[1];
  return { ...(token ? { Authorization: `token ${token}` } : {}), ...(xsrf ? { 'X-XSRFToken': xsrf } : {}) };
}
