/** Assembles the logs of a running run from the event stream of the back end. */

import { isAbort, ReanaError } from '../api/errors';
import type { ServerEvent } from '../api/events';
import { isObject, text, flag } from '../api/read';
import { readLogs, readRun } from '../api/runs';
import type { Logs, Run } from '../api/values';

export type Follow = (id: string, onEvents: (events: ServerEvent[]) => void, signal: AbortSignal) => Promise<void>;

interface LogStreamHandlers {
  readonly logs: (logs: Logs) => void;
  readonly run: (run: Run) => void;
  /** The run has ended. */
  readonly end: () => void;
}

/** After this silence the stream counts as dead: a proxy may buffer it. */
const SILENCE_MS = 100_000;
/** Browsers allow six connections to a server for all tabs together; further runs are polled. */
const MAX_STREAMS = 2;
/** Characters kept of the end of each log, the limit of the back end. */
const KEPT = 1024 * 1024;

// Module state: the limit of the browser counts for all tabs of the page together.
let streams = 0;

export class LogStream {
  constructor(
    private readonly _id: string,
    private readonly _follow: Follow,
    private readonly _handlers: LogStreamHandlers
  ) {}

  /** True if the stream delivers, so that polling is not needed. */
  get alive(): boolean {
    return this._controller !== null && this._receivedAt > 0 && Date.now() - this._receivedAt < SILENCE_MS;
  }

  /** Start, unless it is running or has ended since the last stop. */
  start(): void {
    // A stream that has failed or ended stays closed; polling takes over.
    if (this._controller === null && !this._failed && streams < MAX_STREAMS) {
      void this._go(new AbortController());
    }
  }

  /** Stop; the next start begins anew. */
  stop(): void {
    this._controller?.abort();
    this._controller = null;
    this._failed = false;
  }

  private async _go(controller: AbortController): Promise<void> {
    this._controller = controller;
    // Not alive before the first event: until then polling loads the logs.
    this._receivedAt = 0;
    // Each stream begins with the complete logs.
    this._jobs.clear();
    this._texts.clear();
    streams += 1;
    try {
      await this._follow(
        this._id,
        // Events of an aborted stream may still arrive after the next start.
        events => this._controller === controller && this._receive(events),
        controller.signal
      );
    } catch (error) {
      // A connection that breaks while its body is read rejects with a TypeError.
      if (!(error instanceof ReanaError) && !isAbort(error) && !(error instanceof TypeError)) {
        throw error;
      }
    } finally {
      streams -= 1;
      if (this._controller === controller) {
        this._controller = null;
        this._failed = true;
      }
    }
  }

  private _receive(events: readonly ServerEvent[]): void {
    this._receivedAt = Date.now();
    events.forEach(({ name, data }) => this._note(name, data));
    const names = new Set(events.map(({ name }) => name));
    // One update for all events of a chunk, since each one renders the view.
    if (names.has('job') || names.has('log')) {
      this._handlers.logs(this._logs());
    }
    events.filter(({ name }) => name === 'run').forEach(({ data }) => this._handlers.run(readRun(data)));
    if (names.has('end')) {
      this._handlers.end();
    }
  }

  private _note(name: string, data: unknown): void {
    const job = text(data, 'job');
    if (name === 'job' && isObject(data)) {
      this._jobs.set(job, data);
    } else if (name === 'log') {
      const before = flag(data, 'reset') ? '' : (this._texts.get(job) ?? '');
      this._texts.set(job, (before + text(data, 'text')).slice(-KEPT));
    }
  }

  private _logs(): Logs {
    const jobs = [...this._jobs].map(([id, fields]) => [id, { ...fields, logs: this._texts.get(id) ?? '' }] as const);
    return readLogs({ engineLogs: this._texts.get('') ?? '', jobLogs: Object.fromEntries(jobs) });
  }

  private readonly _jobs = new Map<string, Record<string, unknown>>();
  private readonly _texts = new Map<string, string>();
  private _controller: AbortController | null = null;
  private _failed = false;
  private _receivedAt = 0;
}
