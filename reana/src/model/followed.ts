/** Runs whose end somebody wants to hear of. */

import { Signal, type ISignal } from '@lumino/signaling';

import type { RunsApi } from '../api/runs';
import { isUnfinished, type Run } from '../api/values';
import { ReanaError } from '../api/errors';
import { Observable } from './observable';
import { Refresh } from './refresh';

export class Followed extends Observable {
  constructor(
    private readonly _api: Pick<RunsApi, 'get'>,
    interval: number
  ) {
    super();
    this._refresh = new Refresh({ name: 'followed', act: () => this._look(), interval });
  }

  /** A followed run came to its end; told once for each. */
  get ended(): ISignal<this, Run> {
    return this._ended;
  }

  get ids(): readonly string[] {
    return [...this._ids];
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
        this.hear([await this._api.get(id)]);
      } catch (error) {
        if (!(error instanceof ReanaError && error.status === 404)) {
          throw error;
        }
        this.leave(id);
      }
    }
  }

  private readonly _ids = new Set<string>();
  private readonly _ended = new Signal<this, Run>(this);
  private readonly _refresh: Refresh;
}
