/** The newest known state of every run: list, tabs, status bar and notifications read it here. */

import { Signal, type ISignal } from '@lumino/signaling';

import { Abandoned } from '../api/errors';
import type { RunQuery, RunsApi } from '../api/runs';
import type { Page, Run } from '../api/values';

interface Known {
  readonly run: Run;
  /** When it was asked for: a state that was asked for earlier does not take the place of this one. */
  readonly asked: number;
}

export class RunStore {
  constructor(private readonly _api: Pick<RunsApi, 'get' | 'list'>) {}

  /** A run has another state than before. */
  get updated(): ISignal<this, Run> {
    return this._updated;
  }

  get(id: string): Run | null {
    return this._known.get(id)?.run ?? null;
  }

  /** Ask for one run. Rejects when REANA does not tell, and when the account has changed meanwhile. */
  async load(id: string, signal?: AbortSignal): Promise<Run> {
    const asked = this._tick();
    const run = await this._api.get(id, signal);
    return this._take(run, asked);
  }

  /** Ask for a page of runs; each has the newest state that is known. Rejects as `load`. */
  async list(query: RunQuery, signal?: AbortSignal): Promise<Page<Run>> {
    const asked = this._tick();
    const page = await this._api.list(query, signal);
    return { ...page, items: page.items.map(run => this._take(run, asked)) };
  }

  /** A state that came without being asked for. */
  hear(run: Run): void {
    this._take(run, this._tick());
  }

  /** Forget everything: another account is connected. Answers that are on their way are dropped. */
  clear(): void {
    this._known.clear();
    this._cleared = this._tick();
  }

  private _take(heard: Run, asked: number): Run {
    if (asked < this._cleared) {
      throw new Abandoned();
    }
    const known = this._known.get(heard.id);
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
