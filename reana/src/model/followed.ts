/** Runs whose end somebody wants to hear of, those of the connected account. */

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
    _store.updated.connect((_, run) => this.hear([run]));
  }

  /** A followed run came to its end; told once for each. */
  get ended(): ISignal<this, Run> {
    return this._ended;
  }

  get ids(): readonly string[] {
    return [...this._ids];
  }

  /** By account, for what outlives a reload. */
  get kept(): JsonObject {
    return Object.fromEntries([...this._byAccount].map(([account, ids]) => [account, [...ids]]));
  }

  /** What was kept; earlier versions kept a list without accounts, which is taken for that of the connected one. */
  restore(kept: unknown): void {
    const lists = Array.isArray(kept) ? [[this._account, kept] as const] : entries({ kept }, 'kept');
    for (const [account, ids] of lists) {
      const known = this._of(account);
      (Array.isArray(ids) ? ids : []).filter(id => typeof id === 'string').forEach(id => known.add(id));
    }
    this.use(this._account);
  }

  /** This account is connected. */
  use(account: string): void {
    this._account = account;
    this._refresh.setActive(this._ids.size > 0);
    this.tell();
  }

  has(id: string): boolean {
    return this._ids.has(id);
  }

  /** Whether runs are followed that are started here. */
  automatic = true;

  /** A run was started here. */
  began(id: string): void {
    if (this.automatic) {
      this.follow(id);
    }
  }

  follow(id: string): void {
    if (!this._ids.has(id)) {
      this._ids.add(id);
      this._refresh.setActive(true);
      this.tell();
    }
  }

  leave(id: string): void {
    if (this._ids.delete(id)) {
      this._refresh.setActive(this._ids.size > 0);
      this.tell();
    }
  }

  /** Somebody else has heard of these: spare the asking. */
  hear(runs: readonly Run[]): void {
    for (const run of runs) {
      if (this._ids.has(run.id) && !isUnfinished(run.status)) {
        this.leave(run.id);
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
        this.hear([await this._store.load(id)]);
      } catch (error) {
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
