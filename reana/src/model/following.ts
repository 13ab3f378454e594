/** The logs of a run that goes on, as the back end tells them: what is new, and nothing twice. */

import { isAbort, ReanaError } from '../api/errors';
import type { ServerEvent } from '../api/events';
import { isObject, text, truth } from '../api/read';
import { readLogs, readRun } from '../api/runs';
import type { Logs, Run } from '../api/values';

export type Follow = (id: string, tell: (events: ServerEvent[]) => void, signal: AbortSignal) => Promise<void>;

export interface Heard {
  readonly logs: (logs: Logs) => void;
  readonly run: (run: Run) => void;
  /** The run is over. */
  readonly end: () => void;
}

/** Silence for so long is the end: somebody on the way keeps back what is sent. */
const SILENCE_MS = 100_000;
/** Browsers have six connections to a server, for all tabs together; whoever comes later asks now and then, as before. */
const MOST_AT_ONCE = 2;
/** Characters of one log, the end of it; as much as the back end gives. */
const KEPT = 1024 * 1024;

let going = 0;

export class Following {
  constructor(
    private readonly _id: string,
    private readonly _follow: Follow,
    private readonly _heard: Heard
  ) {}

  /** Whether news comes by itself, so that nobody has to ask. */
  get alive(): boolean {
    return this._controller !== null && this._heardAt > 0 && Date.now() - this._heardAt < SILENCE_MS;
  }

  /** Begin, unless it goes on, or came to an end by itself since the last stop. */
  start(): void {
    if (this._controller === null && !this._failed && going < MOST_AT_ONCE) {
      void this._go(new AbortController());
    }
  }

  /** End it; the next start is a new beginning. */
  stop(): void {
    this._controller?.abort();
    this._controller = null;
    this._failed = false;
  }

  private async _go(controller: AbortController): Promise<void> {
    this._controller = controller;
    this._heardAt = 0;
    this._jobs.clear();
    this._texts.clear();
    going += 1;
    try {
      await this._follow(this._id, events => this._controller === controller && this._hear(events), controller.signal);
    } catch (error) {
      if (!(error instanceof ReanaError) && !isAbort(error) && !(error instanceof TypeError)) {
        throw error;
      }
    } finally {
      going -= 1;
      if (this._controller === controller) {
        this._controller = null;
        this._failed = true;
      }
    }
  }

  private _hear(events: readonly ServerEvent[]): void {
    this._heardAt = Date.now();
    events.forEach(({ name, data }) => this._note(name, data));
    const names = new Set(events.map(({ name }) => name));
    if (names.has('job') || names.has('log')) {
      this._heard.logs(this._logs());
    }
    events.filter(({ name }) => name === 'run').forEach(({ data }) => this._heard.run(readRun(data)));
    if (names.has('end')) {
      this._heard.end();
    }
  }

  private _note(name: string, data: unknown): void {
    const job = text(data, 'job');
    if (name === 'job' && isObject(data)) {
      this._jobs.set(job, data);
    } else if (name === 'log') {
      const before = truth(data, 'reset') ? '' : (this._texts.get(job) ?? '');
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
  private _heardAt = 0;
}
