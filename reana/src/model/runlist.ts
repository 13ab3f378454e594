/** State of the run list in the panel: query, page, loading and error. */

import { ReanaError } from '../api/errors';
import type { RunQuery } from '../api/runs';
import { list, text } from '../api/read';
import { isMoving, type JsonObject, type Page, type Run } from '../api/values';
import { Latest } from './latest';
import { Observable } from './observable';
import { Refresh } from './refresh';
import type { RunStore } from './runstore';

export const FIRST_QUERY: RunQuery = { page: 1, size: 20, search: '', sort: 'desc', status: [] };
// Without active runs only actions of users change the list.
const IDLE_FACTOR = 4;

export class RunList extends Observable {
  constructor(
    private readonly _store: Pick<RunStore, 'list' | 'updated'>,
    private _interval: number
  ) {
    super();
    _store.updated.connect((_, run) => this._update(run));
    this._refresh = new Refresh({ name: 'runs', act: () => this._load(), interval: _interval });
  }

  get query(): RunQuery {
    return this._query;
  }

  /** The last loaded page; null before the first response. */
  get page(): Page<Run> | null {
    return this._page;
  }

  /** Why the newest request failed; the last page stays. */
  get error(): ReanaError | null {
    return this._error;
  }

  /** Polling interval in milliseconds while a run is active. */
  get interval(): number {
    return this._interval;
  }

  /** True while a changed query is loading; automatic refreshes do not count. */
  get loading(): boolean {
    return this._loading;
  }

  get filtered(): boolean {
    return this._query.search !== '' || this._query.status.length > 0 || Boolean(this._query.sharedBy);
  }

  /** Change the query. Goes to the first page, unless the page itself changes. */
  ask(change: Partial<RunQuery>): void {
    const next = { ...this._query, page: 1, ...change };
    if (JSON.stringify(next) === JSON.stringify(this._query)) {
      return;
    }
    this._query = next;
    this._loading = true;
    this.emitChanged();
    // The error is part of the state.
    void this._load().catch(() => undefined);
  }

  get active(): boolean {
    return this._refresh.active;
  }

  setActive(active: boolean): void {
    this._refresh.setActive(active);
  }

  setInterval(interval: number): void {
    this._interval = interval;
    this._pace();
  }

  async refresh(): Promise<void> {
    await this._refresh.now();
  }

  /** Drop everything: another account is connected. */
  clear(): void {
    this._latest.cancel();
    this._page = null;
    this._error = null;
    this._loading = true;
    this._query = { ...this._query, page: 1 };
    this.emitChanged();
    if (this.active) {
      void this.refresh();
    }
  }

  override dispose(): void {
    this._latest.cancel();
    this._refresh.dispose();
    super.dispose();
  }

  private async _load(): Promise<void> {
    try {
      const page = await this._latest.run(signal => this._store.list(this._query, signal));
      if (page) {
        this._receive(page);
      }
    } catch (error) {
      this._error = error instanceof ReanaError ? error : new ReanaError(0, '', String(error));
      this._loading = false;
      this.emitChanged();
      throw error;
    }
  }

  /** Emits a change only if the visible state changed. */
  private _receive(page: Page<Run>): void {
    // The runs of this page were deleted: show the last page that exists.
    if (page.items.length === 0 && page.page > 1) {
      this.ask({ page: Math.max(1, Math.min(page.page - 1, Math.ceil(page.total / this._query.size))) });
      return;
    }
    const changed = this._error !== null || this._loading || JSON.stringify(page) !== JSON.stringify(this._page);
    this._page = page;
    this._error = null;
    this._loading = false;
    this._pace();
    if (changed) {
      this.emitChanged();
    }
  }

  /** Show a run state that another model has loaded. */
  private _update(run: Run): void {
    const items = this._page?.items ?? [];
    if (this._page && items.some(one => one.id === run.id && JSON.stringify(one) !== JSON.stringify(run))) {
      this._page = { ...this._page, items: items.map(one => (one.id === run.id ? run : one)) };
      this._pace();
      this.emitChanged();
    }
  }

  /** Poll more slowly while no run is active. */
  private _pace(): void {
    const moving = this._page?.items.some(run => isMoving(run.status)) ?? false;
    this._refresh.setInterval(moving ? this._interval : this._interval * IDLE_FACTOR);
  }

  private readonly _latest = new Latest();
  private readonly _refresh: Refresh;
  private _query = FIRST_QUERY;
  private _page: Page<Run> | null = null;
  private _error: ReanaError | null = null;
  private _loading = true;
}

/** The part of the query that is saved over a reload. */
export function keptQuery({ search, sort, status }: RunQuery): JsonObject {
  return { search, sort, status: [...status] };
}

/** Read a saved query; it may be missing or of another version. */
export function savedQuery(kept: unknown): Partial<RunQuery> {
  return {
    search: text(kept, 'search'),
    sort: text(kept, 'sort') === 'asc' ? 'asc' : 'desc',
    status: list(kept, 'status').filter((one): one is string => typeof one === 'string')
  };
}
