/** State of a run's tab in the main area: loaded data and the selected view. */

import type { ReanaApi } from '../api';
import { isMoving, type Logs, type Run, type Specification, type WorkspaceFile } from '../api/values';
import { LogStream } from './logstream';
import { Observable } from './observable';
import { Loadable } from './loadable';
import { Refresh } from './refresh';
import type { RunStore } from './runstore';

export const TABS = ['overview', 'logs', 'files', 'specification', 'compare'] as const;
export type Tab = (typeof TABS)[number];

const WITH_LOGS: ReadonlySet<Tab> = new Set(['overview', 'logs']);
// Without activity only actions of users change the run.
const IDLE_FACTOR = 12;

export class OpenRun extends Observable {
  constructor(
    readonly id: string,
    readonly api: Pick<ReanaApi, 'runs' | 'workspace'>,
    private readonly _store: RunStore,
    private _interval: number
  ) {
    super();
    const onChange = (): void => this.emitChanged();
    this.run = new Loadable(signal => _store.load(id, signal), onChange);
    this.logs = new Loadable(signal => api.runs.logs(id, signal), onChange);
    this.files = new Loadable(signal => api.workspace.files(id, signal), onChange);
    this.specification = new Loadable(signal => api.runs.specification(id, signal), onChange);
    this.owner = new Loadable(signal => api.runs.owner(id, signal), onChange);
    this._following = new LogStream(id, (...args) => api.runs.follow(...args), {
      logs: logs => this.logs.put(logs),
      run: run => _store.receive(run),
      end: () => void this._loadFinal()
    });
    _store.updated.connect(this._receive, this);
    this._refresh = new Refresh({ name: 'run', act: () => this._load(), interval: _interval });
  }

  readonly run: Loadable<Run>;
  readonly logs: Loadable<Logs>;
  readonly files: Loadable<readonly WorkspaceFile[]>;
  readonly specification: Loadable<Specification>;
  /** The owner; loaded only if the server supports sharing. */
  readonly owner: Loadable<string>;

  get tab(): Tab {
    return this._tab;
  }

  /** The step whose log is shown; empty: none selected. */
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
      this.emitChanged();
      this._updateStream();
      void this._loadShown().catch(() => undefined);
    }
  }

  /** The account that it belongs to; empty: unknown yet. */
  get account(): string {
    return this._account;
  }

  /** True if another account is connected: then no requests are sent and no actions are offered. */
  get foreign(): boolean {
    return this._foreign;
  }

  /** Set the connected account. The first one becomes the run's account, unless that is known. */
  bind(connected: string, own = this._account): void {
    this._account = own || connected;
    const foreign = connected !== '' && connected !== this._account;
    if (foreign !== this._foreign) {
      this._foreign = foreign;
      // Responses for the other account must not arrive in this tab.
      this._parts.forEach(part => part.cancel());
      this._updateActivity();
      this.emitChanged();
    }
  }

  setActive(active: boolean): void {
    this._active = active;
    this._updateActivity();
  }

  setInterval(interval: number): void {
    this._interval = interval;
  }

  /** Reload everything that is shown. */
  async refresh(): Promise<void> {
    if (!this._foreign) {
      await this._refresh.now();
    }
  }

  override dispose(): void {
    this._active = false;
    this._updateStream();
    this._refresh.dispose();
    this._parts.forEach(part => part.cancel());
    this._store.updated.disconnect(this._receive, this);
    super.dispose();
  }

  private get _parts(): readonly Pick<Loadable<unknown>, 'cancel'>[] {
    return [this.run, this.logs, this.files, this.specification, this.owner];
  }

  /** Start or stop polling and streaming. */
  private _updateActivity(): void {
    this._updateStream();
    this._refresh.setActive(this._active && !this._foreign);
  }

  /** A run's state was loaded. */
  private _receive(_: RunStore, run: Run): void {
    if (run.id !== this.id || this._foreign) {
      return;
    }
    // `put` changes both, so they are read before it.
    const [moved, asked] = [this.moving, this.run.loading];
    // Also cancels a request of this tab, which may be the one that delivered this state.
    this.run.put(run);
    // If a request of this tab was pending, `_load` continues with these steps.
    if (moved !== this.moving && !asked) {
      this._pace();
      void this._refreshed(moved).catch(() => undefined);
    }
  }

  /** Set the polling interval, and start or stop the log stream. */
  private _pace(): void {
    this._updateStream();
    this._refresh.setInterval(this.moving ? this._interval : this._interval * IDLE_FACTOR);
  }

  private async _load(): Promise<void> {
    const moved = this.moving;
    await this.run.load();
    this._pace();
    await this._refreshed(moved);
  }

  private async _refreshed(moved: boolean): Promise<void> {
    await (this.moving || moved ? this._reloadShown() : this._loadShown());
    // The run has just ended: only now are all of its files complete.
    if (moved && !this.moving) {
      await this.files.load();
    }
  }

  /** Load what the tab shows and is not loaded yet. */
  private async _loadShown(): Promise<void> {
    await Promise.all(this._shown().map(part => part.need()));
  }

  /** Reload what the tab shows and may have changed. */
  private async _reloadShown(): Promise<void> {
    // A specification never changes, and a live stream delivers the logs.
    const comesByItself = (part: unknown): boolean =>
      part === this.specification || (part === this.logs && this._following.alive);
    await Promise.all(this._shown().map(part => (comesByItself(part) ? part.need() : part.load())));
  }

  /** Stream the logs while they grow and are visible. */
  private _updateStream(): void {
    if (this._active && !this._foreign && this.moving && WITH_LOGS.has(this._tab)) {
      this._following.start();
    } else {
      this._following.stop();
    }
  }

  /** Load what the stream does not carry: the engine's report and the logs of services. */
  private async _loadFinal(): Promise<void> {
    this._updateStream();
    await Promise.all([this.run.load(), this.files.load(), this.logs.load()]).catch(() => undefined);
  }

  private _shown(): readonly Pick<Loadable<unknown>, 'need' | 'load'>[] {
    return {
      overview: [this.logs, this.files, this.specification],
      logs: [this.logs],
      files: [this.files],
      specification: [this.specification],
      compare: [this.specification, this.logs]
    }[this._tab];
  }

  private readonly _following: LogStream;
  private readonly _refresh: Refresh;
  private _account = '';
  private _foreign = false;
  private _active = false;
  private _tab: Tab = 'overview';
  private _step = '';
}
