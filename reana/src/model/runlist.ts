/** The list in the side panel: one page of runs, what is asked for, and how the asking goes. */

import { ReanaError } from '../api/errors';
import type { RunQuery } from '../api/runs';
import { list, text } from '../api/read';
import { isMoving, type JsonObject, type Page, type Run } from '../api/values';
import { Latest } from './latest';
import { Observable } from './observable';
import { Refresh } from './refresh';
import type { RunStore } from './runstore';

export const FIRST_QUERY: RunQuery = { page: 1, size: 20, search: '', sort: 'desc', status: [] };
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

  /** What was last heard; null before the first answer. */
  get page(): Page<Run> | null {
    return this._page;
  }

  /** Why the newest asking failed; the older answer stays to be read. */
  get error(): ReanaError | null {
    return this._error;
  }

  /** In milliseconds, while something moves. */
  get interval(): number {
    return this._interval;
  }

  /** Whether an answer to a new question is on its way; refreshing by itself does not count. */
  get loading(): boolean {
    return this._loading;
  }

  get filtered(): boolean {
    return this._query.search !== '' || this._query.status.length > 0 || Boolean(this._query.sharedBy);
  }

  /** Ask for something else. The first page again, unless it is the page that changes. */
  ask(change: Partial<RunQuery>): void {
    const next = { ...this._query, page: 1, ...change };
    if (JSON.stringify(next) === JSON.stringify(this._query)) {
      return;
    }
    this._query = next;
    this._loading = true;
    this.tell();
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

  /** Another account is connected: nothing of what was heard is its own. */
  clear(): void {
    this._latest.cancel();
    this._page = null;
    this._error = null;
    this._loading = true;
    this._query = { ...this._query, page: 1 };
    this.tell();
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
        this._hear(page);
      }
    } catch (error) {
      this._error = error instanceof ReanaError ? error : new ReanaError(0, '', String(error));
      this._loading = false;
      this.tell();
      throw error;
    }
  }

  /** Tells only when there is something new to see. */
  private _hear(page: Page<Run>): void {
    if (page.items.length === 0 && page.page > 1) {
      this.ask({ page: Math.max(1, Math.min(page.page - 1, Math.ceil(page.total / this._query.size))) });
      return;
    }
    const news = this._error !== null || this._loading || JSON.stringify(page) !== JSON.stringify(this._page);
    this._page = page;
    this._error = null;
    this._loading = false;
    this._pace();
    if (news) {
      this.tell();
    }
  }

  /** Somebody else has heard of a run: the list shows it, too. */
  private _update(run: Run): void {
    const items = this._page?.items ?? [];
    if (this._page && items.some(one => one.id === run.id && JSON.stringify(one) !== JSON.stringify(run))) {
      this._page = { ...this._page, items: items.map(one => (one.id === run.id ? run : one)) };
      this._pace();
      this.tell();
    }
  }

  /** Where nothing moves, it is enough to look now and then. */
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

/** What of a question outlives a reload. */
export function keptQuery({ search, sort, status }: RunQuery): JsonObject {
  return { search, sort, status: [...status] };
}

/** What was kept; it may have been written by another version, or by nobody. */
export function savedQuery(kept: unknown): Partial<RunQuery> {
  return {
    search: text(kept, 'search'),
    sort: text(kept, 'sort') === 'asc' ? 'asc' : 'desc',
    status: list(kept, 'status').filter((one): one is string => typeof one === 'string')
  };
}
