/** A run that is open in the main area: what is known of it, and which part somebody looks at. */

import type { ReanaApi } from '../api';
import { isMoving, type Logs, type Run, type Specification, type WorkspaceFile } from '../api/values';
import { Following } from './following';
import { Observable } from './observable';
import { Part } from './part';
import { Refresh } from './refresh';
import type { RunStore } from './runstore';

export const TABS = ['overview', 'logs', 'files', 'specification', 'compare'] as const;
export type Tab = (typeof TABS)[number];

const WITH_LOGS: ReadonlySet<Tab> = new Set(['overview', 'logs']);
const IDLE_FACTOR = 12;

export class OpenRun extends Observable {
  constructor(
    readonly id: string,
    readonly api: Pick<ReanaApi, 'runs' | 'workspace'>,
    private readonly _store: RunStore,
    private _interval: number
  ) {
    super();
    const tell = (): void => this.tell();
    this.run = new Part(signal => _store.load(id, signal), tell);
    this.logs = new Part(signal => api.runs.logs(id, signal), tell);
    this.files = new Part(signal => api.workspace.files(id, signal), tell);
    this.specification = new Part(signal => api.runs.specification(id, signal), tell);
    this.owner = new Part(signal => api.runs.owner(id, signal), tell);
    this._following = new Following(id, (...told) => api.runs.follow(...told), {
      logs: logs => this.logs.put(logs),
      run: run => _store.hear(run),
      end: () => void this._over()
    });
    _store.updated.connect(this._hear, this);
    this._refresh = new Refresh({ name: 'run', act: () => this._load(), interval: _interval });
  }

  readonly run: Part<Run>;
  readonly logs: Part<Logs>;
  readonly files: Part<readonly WorkspaceFile[]>;
  readonly specification: Part<Specification>;
  /** Whose run it is; asked for only where runs can be shared. */
  readonly owner: Part<string>;

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
      this._attend();
      void this._needed().catch(() => undefined);
    }
  }

  /** The account that it belongs to; empty: not known yet. */
  get account(): string {
    return this._account;
  }

  /** Whether another account is connected: then nothing is asked, and nothing can be done. */
  get foreign(): boolean {
    return this._foreign;
  }

  /** This account is connected. The first one is that of the run, unless it was said before. */
  bind(connected: string, own = this._account): void {
    this._account = own || connected;
    const foreign = connected !== '' && connected !== this._account;
    if (foreign !== this._foreign) {
      this._foreign = foreign;
      this._parts.forEach(part => part.cancel());
      this._wake();
      this.tell();
    }
  }

  setActive(active: boolean): void {
    this._active = active;
    this._wake();
  }

  setInterval(interval: number): void {
    this._interval = interval;
  }

  /** Ask for everything that is shown. */
  async refresh(): Promise<void> {
    if (!this._foreign) {
      await this._refresh.now();
    }
  }

  override dispose(): void {
    this._active = false;
    this._attend();
    this._refresh.dispose();
    this._parts.forEach(part => part.cancel());
    this._store.updated.disconnect(this._hear, this);
    super.dispose();
  }

  private get _parts(): readonly Pick<Part<unknown>, 'cancel'>[] {
    return [this.run, this.logs, this.files, this.specification, this.owner];
  }

  /** Look and follow, or leave it. */
  private _wake(): void {
    this._attend();
    this._refresh.setActive(this._active && !this._foreign);
  }

  /** Somebody has heard of a run. */
  private _hear(_: RunStore, run: Run): void {
    if (run.id !== this.id || this._foreign) {
      return;
    }
    const [moved, asked] = [this.moving, this.run.loading];
    this.run.put(run);
    if (moved !== this.moving && !asked) {
      this._pace();
      void this._refreshed(moved).catch(() => undefined);
    }
  }

  /** How often it is asked for, and whether its logs are followed. */
  private _pace(): void {
    this._attend();
    this._refresh.setInterval(this.moving ? this._interval : this._interval * IDLE_FACTOR);
  }

  private async _load(): Promise<void> {
    const moved = this.moving;
    await this.run.load();
    this._pace();
    await this._refreshed(moved);
  }

  private async _refreshed(moved: boolean): Promise<void> {
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
    const comesByItself = (part: unknown): boolean =>
      part === this.specification || (part === this.logs && this._following.alive);
    await Promise.all(this._shown().map(part => (comesByItself(part) ? part.need() : part.load())));
  }

  /** Follow the logs while they grow and somebody sees them. */
  private _attend(): void {
    if (this._active && !this._foreign && this.moving && WITH_LOGS.has(this._tab)) {
      this._following.start();
    } else {
      this._following.stop();
    }
  }

  /** What the engine reports of the end, and the services' logs, were not told. */
  private async _over(): Promise<void> {
    this._attend();
    await Promise.all([this.run.load(), this.files.load(), this.logs.load()]).catch(() => undefined);
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

  private readonly _following: Following;
  private readonly _refresh: Refresh;
  private _account = '';
  private _foreign = false;
  private _active = false;
  private _tab: Tab = 'overview';
  private _step = '';
}
