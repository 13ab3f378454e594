/** How many runs go on right now, whatever the list in the panel shows. */

import type { RunsApi } from '../api/runs';
import { Observable } from './observable';
import { Refresh } from './refresh';

const PAGE = 50;
const SLOWER = 3;

export class Running extends Observable {
  constructor(
    private readonly _api: Pick<RunsApi, 'list'>,
    interval: number
  ) {
    super();
    this._refresh = new Refresh({ name: 'running', act: () => this._load(), interval: interval * SLOWER });
  }

  get count(): number {
    return this._count;
  }

  /** There are more than were counted. */
  get more(): boolean {
    return this._more;
  }

  setActive(active: boolean): void {
    this._refresh.setActive(active);
  }

  setInterval(interval: number): void {
    this._refresh.setInterval(interval * SLOWER);
  }

  async refresh(): Promise<void> {
    await this._refresh.now();
  }

  override dispose(): void {
    this._refresh.dispose();
    super.dispose();
  }

  private async _load(): Promise<void> {
    const query = { page: 1, size: PAGE, search: '', sort: 'desc', status: ['running'] } as const;
    const { items, hasNext } = await this._api.list(query);
    if (items.length !== this._count || hasNext !== this._more) {
      this._count = items.length;
      this._more = hasNext;
      this.tell();
    }
  }

  private readonly _refresh: Refresh;
  private _count = 0;
  private _more = false;
}
