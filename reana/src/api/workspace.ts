/** The files of a run: list, read, fetch, put, delete. */

import type { ServerConnection } from '@jupyterlab/services';

import { list, text, time, truth, whole } from './read';
import { route } from './runs';
import type { Send } from './send';
import type { Page, WorkspaceFile } from './values';

const PAGE_SIZE = 1000;

export class WorkspaceApi {
  constructor(
    private readonly _send: Send,
    readonly settings: ServerConnection.ISettings
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
}

function readFile(source: unknown): WorkspaceFile {
  return { name: text(source, 'name'), modifiedAt: time(source, 'lastModified'), size: whole(source, 'size', -1) };
}
