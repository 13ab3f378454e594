/** Runs whose end is to be notified, by account. */

import { Signal, type ISignal } from '@lumino/signaling';

import { ReanaError } from '../api/errors';
import { entries } from '../api/read';
import { isUnfinished, type JsonObject, type Run } from '../api/values';
import { Observable } from './observable';
import { Refresh } from './refresh';
import type { RunStore } from './runstore';

export class Followed extends Observable {
  constructor(
    private readonly _store: Pick<RunStore, 'load' | 'updated'>,
    interval: number
  ) {
    super();
    this._refresh = new Refresh({ name: 'followed', act: () => this._look(), interval });
    _store.updated.connect((_, run) => this.receive([run]));
  }

  /** Emitted once for each followed run that ended. */
  get ended(): ISignal<this, Run> {
    return this._ended;
  }

  get ids(): readonly string[] {
    return [...this._ids];
  }

  /** State to save, by account. */
  get kept(): JsonObject {
    return Object.fromEntries([...this._byAccount].map(([account, ids]) => [account, [...ids]]));
  }

  /** Restore saved state; earlier versions saved a list without accounts, taken as the connected one's. */
  restore(kept: unknown): void {
    const lists = Array.isArray(kept) ? [[this._account, kept] as const] : entries({ kept }, 'kept');
    for (const [account, ids] of lists) {
      const known = this._of(account);
      (Array.isArray(ids) ? ids : []).filter(id => typeof id === 'string').forEach(id => known.add(id));
    }
    // Starts polling if the account has restored runs.
    this.use(this._account);
  }

  /** Switch to a connected account. */
  use(account: string): void {
    this._account = account;
    this._refresh.setActive(this._ids.size > 0);
    this.emitChanged();
  }

  has(id: string): boolean {
    return this._ids.has(id);
  }

  /** True if runs started in this JupyterLab are followed automatically. */
  automatic = true;

  /** Called when a run was started in this JupyterLab. */
  runStarted(id: string): void {
    if (this.automatic) {
      this.follow(id);
    }
  }

  follow(id: string): void {
    if (!this._ids.has(id)) {
      this._ids.add(id);
      this._refresh.setActive(true);
      this.emitChanged();
    }
  }

  leave(id: string): void {
    if (this._ids.delete(id)) {
      this._refresh.setActive(this._ids.size > 0);
      this.emitChanged();
    }
  }

  /** Reuse run states that another model has loaded, which saves requests. */
  receive(runs: readonly Run[]): void {
    for (const run of runs) {
      if (this._ids.has(run.id) && !isUnfinished(run.status)) {
        // Leave first: listeners may load the run, which would report it again.
        this.leave(run.id);
        // A deleted run has no results to show.
        if (run.status !== 'deleted') {
          this._ended.emit(run);
        }
      }
    }
  }

  setInterval(interval: number): void {
    this._refresh.setInterval(interval);
  }

  override dispose(): void {
    this._refresh.dispose();
    super.dispose();
  }

  private async _look(): Promise<void> {
    for (const id of this.ids) {
      try {
        this.receive([await this._store.load(id)]);
      } catch (error) {
        // The run no longer exists, so its end would never be seen.
        if (!(error instanceof ReanaError && error.status === 404)) {
          throw error;
        }
        this.leave(id);
      }
    }
  }

  private get _ids(): Set<string> {
    return this._of(this._account);
  }

  private _of(account: string): Set<string> {
    const ids = this._byAccount.get(account) ?? new Set();
    this._byAccount.set(account, ids);
    return ids;
  }

  private readonly _byAccount = new Map<string, Set<string>>();
  private _account = '';
  private readonly _ended = new Signal<this, Run>(this);
  private readonly _refresh: Refresh;
}
