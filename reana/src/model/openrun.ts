/** A run that is open in the main area: what is known of it, and which part somebody looks at. */

import type { ReanaApi } from '../api';
import { isMoving, type Logs, type Run, type Specification, type WorkspaceFile } from '../api/values';
import { Observable } from './observable';
import { Part } from './part';
import { Refresh } from './refresh';

export const TABS = ['overview', 'logs', 'files', 'specification', 'compare'] as const;
export type Tab = (typeof TABS)[number];

const IDLE_FACTOR = 12;

export class OpenRun extends Observable {
  constructor(
    readonly id: string,
    readonly api: Pick<ReanaApi, 'runs' | 'workspace'>,
    private _interval: number
  ) {
    super();
    const tell = (): void => this.tell();
    this.run = new Part(signal => api.runs.get(id, signal), tell);
    this.logs = new Part(signal => api.runs.logs(id, signal), tell);
    this.files = new Part(signal => api.workspace.files(id, signal), tell);
    this.specification = new Part(signal => api.runs.specification(id, signal), tell);
    this._refresh = new Refresh({ name: 'run', act: () => this._load(), interval: _interval });
  }

  readonly run: Part<Run>;
  readonly logs: Part<Logs>;
  readonly files: Part<readonly WorkspaceFile[]>;
  readonly specification: Part<Specification>;

  get tab(): Tab {
    return this._tab;
  }

  /** The step whose log is shown; empty: not chosen yet. */
  get step(): string {
    return this._step;
  }

  get moving(): boolean {
    return isMoving(this.run.value?.status ?? '');
  }

  show(tab: Tab, step = this._step): void {
    if (tab !== this._tab || step !== this._step) {
      this._tab = tab;
      this._step = step;
      this.tell();
      void this._needed().catch(() => undefined);
    }
  }

  setActive(active: boolean): void {
    this._refresh.setActive(active);
  }

  setInterval(interval: number): void {
    this._interval = interval;
  }

  /** Ask for everything that is shown. */
  async refresh(): Promise<void> {
    await this._refresh.now();
  }

  override dispose(): void {
    this._refresh.dispose();
    [this.run, this.logs, this.files, this.specification].forEach(part => part.cancel());
    super.dispose();
  }

  private async _load(): Promise<void> {
    const moved = this.moving;
    await this.run.load();
    this._refresh.setInterval(this.moving ? this._interval : this._interval * IDLE_FACTOR);
    await (this.moving || moved ? this._fresh() : this._needed());
    if (moved && !this.moving) {
      await this.files.load();
    }
  }

  /** What the tab shows and nobody has asked for yet. */
  private async _needed(): Promise<void> {
    await Promise.all(this._shown().map(part => part.need()));
  }

  /** What the tab shows and what may have changed. */
  private async _fresh(): Promise<void> {
    await Promise.all(this._shown().map(part => (part === this.specification ? part.need() : part.load())));
  }

  private _shown(): readonly Pick<Part<unknown>, 'need' | 'load'>[] {
    return {
      overview: [this.logs, this.files, this.specification],
      logs: [this.logs],
      files: [this.files],
      specification: [this.specification],
      compare: [this.specification, this.logs]
    }[this._tab];
  }

  private readonly _refresh: Refresh;
  private _tab: Tab = 'overview';
  private _step = '';
}
