/** Polls while active, with back-off on failures. */

import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';

interface RefreshOptions {
  readonly name: string;
  /** Rejects on failure; the next poll is delayed then. */
  readonly act: () => Promise<unknown>;
  /** Milliseconds. */
  readonly interval: number;
}

const MAX_INTERVAL_MS = 5 * 60_000;

export class Refresh implements IDisposable {
  constructor(options: RefreshOptions) {
    this._interval = options.interval;
    this._act = options.act;
    this._poll = new Poll({
      name: `reana-jupyterlab:${options.name}`,
      // Polling starts only with `setActive`.
      auto: false,
      factory: options.act,
      frequency: frequency(options.interval),
      // Lumino asks before each tick: an inactive poll sends no request.
      standby: () => (this._active ? 'when-hidden' : true)
    });
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  get active(): boolean {
    return this._active;
  }

  /** Start or stop polling. Activation polls at once, unless `later` is set. */
  setActive(active: boolean, later = false): void {
    if (active === this._active || this.isDisposed) {
      return;
    }
    this._active = active;
    if (active && later) {
      void this._poll.schedule({ phase: 'started', interval: this._interval });
    } else {
      void (active ? this.now() : this._poll.stop());
    }
  }

  setInterval(interval: number): void {
    if (interval !== this._interval && !this.isDisposed) {
      this._interval = interval;
      this._poll.frequency = frequency(interval);
    }
  }

  /** Poll now, also while inactive, and restart the interval. Never rejects. */
  async now(): Promise<void> {
    if (this.isDisposed) {
      return;
    }
    if (this._active) {
      // `refresh` only schedules the request. `tick` resolves when it has ended,
      // and rejects if the poll is disposed meanwhile.
      await this._poll.refresh();
      await this._poll.tick.catch(() => undefined);
    } else {
      await this._act().catch(() => undefined);
    }
  }

  dispose(): void {
    this._active = false;
    this._poll.dispose();
  }

  private readonly _act: () => Promise<unknown>;
  private readonly _poll: Poll;
  private _active = false;
  private _interval: number;
}

function frequency(interval: number): { interval: number; backoff: boolean; max: number } {
  // Lumino rejects a maximum below the interval.
  return { interval, backoff: true, max: Math.max(MAX_INTERVAL_MS, interval) };
}
