/** Counts running runs, independently of the list in the panel. */

import type { Run } from '../api/values';
import { Observable } from './observable';
import { Refresh } from './refresh';
import type { RunStore } from './runstore';

const PAGE = 50;
// Runs that other models load update the count, too, so rarer polls suffice.
const SLOWER = 3;

export class Running extends Observable {
  constructor(
    private readonly _store: Pick<RunStore, 'list' | 'updated'>,
    interval: number,
    private readonly _isMine: (run: Run) => boolean
  ) {
    super();
    _store.updated.connect((_, run) => this._update(run));
    this._refresh = new Refresh({ name: 'running', act: () => this._load(), interval: interval * SLOWER });
  }

  get count(): number {
    return this._ids.size;
  }

  /** True if there are more than were counted. */
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

  /** Reset: another account is connected. */
  clear(): void {
    this._set(new Set(), false);
    if (this._refresh.active) {
      void this.refresh();
    }
  }

  override dispose(): void {
    this._refresh.dispose();
    super.dispose();
  }

  private async _load(): Promise<void> {
    const query = { page: 1, size: PAGE, search: '', sort: 'desc', status: ['running'] } as const;
    const { items, hasNext } = await this._store.list(query);
    // The store may know a newer state of a run than the response.
    this._set(new Set(items.filter(({ status }) => status === 'running').map(({ id }) => id)), hasNext);
  }

  /** Update the count with a run state that another model has loaded. */
  private _update(run: Run): void {
    const ids = new Set(this._ids);
    if (run.status === 'running' && this._isMine(run)) {
      ids.add(run.id);
    } else {
      ids.delete(run.id);
    }
    this._set(ids, this._more);
  }

  private _set(ids: ReadonlySet<string>, more: boolean): void {
    // Views show only the number.
    const changed = ids.size !== this._ids.size || more !== this._more;
    this._ids = ids;
    this._more = more;
    if (changed) {
      this.emitChanged();
    }
  }

  private readonly _refresh: Refresh;
  private _ids: ReadonlySet<string> = new Set();
  private _more = false;
}
