/** The newest known state of every run, shared by list, tabs, status bar and notifications. */

import { Signal, type ISignal } from '@lumino/signaling';

import { Aborted } from '../api/errors';
import type { RunQuery, RunsApi } from '../api/runs';
import type { Page, Run } from '../api/values';

interface Known {
  readonly run: Run;
  /** Logical time of the request: responses to older requests never replace newer ones. */
  readonly asked: number;
}

export class RunStore {
  constructor(private readonly _api: Pick<RunsApi, 'get' | 'list'>) {}

  /** Emitted when the state of a run changed. */
  get updated(): ISignal<this, Run> {
    return this._updated;
  }

  get(id: string): Run | null {
    return this._known.get(id)?.run ?? null;
  }

  /** Load one run. Rejects on failure, and if the account changed meanwhile. */
  async load(id: string, signal?: AbortSignal): Promise<Run> {
    const asked = this._tick();
    const run = await this._api.get(id, signal);
    return this._take(run, asked);
  }

  /** Load a page of runs, each with its newest known state. Rejects like `load`. */
  async list(query: RunQuery, signal?: AbortSignal): Promise<Page<Run>> {
    const asked = this._tick();
    const page = await this._api.list(query, signal);
    return { ...page, items: page.items.map(run => this._take(run, asked)) };
  }

  /** Take a state that was pushed. */
  receive(run: Run): void {
    this._take(run, this._tick());
  }

  /** Forget everything for a new account; pending responses are dropped. */
  clear(): void {
    this._known.clear();
    this._cleared = this._tick();
  }

  private _take(heard: Run, asked: number): Run {
    // The response belongs to the account that was connected before.
    if (asked < this._cleared) {
      throw new Aborted();
    }
    const known = this._known.get(heard.id);
    // The response to a newer request has arrived first.
    if (known && known.asked > asked) {
      return known.run;
    }
    // Only lists name the owner.
    const run = { ...heard, owner: heard.owner || (known?.run.owner ?? '') };
    this._known.set(run.id, { run, asked });
    if (JSON.stringify(known?.run) !== JSON.stringify(run)) {
      this._updated.emit(run);
    }
    return run;
  }

  private _tick(): number {
    this._clock += 1;
    return this._clock;
  }

  private readonly _known = new Map<string, Known>();
  private readonly _updated = new Signal<this, Run>(this);
  private _clock = 0;
  private _cleared = 0;
}
