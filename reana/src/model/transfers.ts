/** Downloads and uploads that go on, each with its progress and a way to end it. */

import { isAbort, ReanaError } from '../api/errors';
import type { FailedFile } from '../api/values';
import { Observable } from './observable';

export type TransferKind = 'download' | 'upload';
/** partial: all was tried, and some files did not come. */
export type TransferState = 'running' | 'done' | 'partial' | 'failed' | 'cancelled';

/** How far it is; -1: not known. */
export interface Amounts {
  readonly current: string;
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
}

/** Moves everything, tells how far it is and which files did not come, and ends when the signal says so. */
export type Work = (
  signal: AbortSignal,
  report: (amounts: Amounts) => void,
  miss: (files: readonly FailedFile[]) => void
) => Promise<void>;

const NOTHING: Amounts = { current: '', filesDone: 0, filesTotal: -1, bytesDone: 0, bytesTotal: -1 };

export class Transfer extends Observable {
  constructor(
    readonly kind: TransferKind,
    private readonly _work: Work
  ) {
    super();
  }

  get state(): TransferState {
    return this._state;
  }

  get amounts(): Amounts {
    return this._amounts;
  }

  /** Between 0 and 1: by bytes where it is known how many there are, by files else. */
  get share(): number {
    const { filesDone, filesTotal, bytesDone, bytesTotal } = this._amounts;
    return bytesTotal > 0 ? Math.min(1, bytesDone / bytesTotal) : filesTotal > 0 ? filesDone / filesTotal : 0;
  }

  get error(): ReanaError | null {
    return this._error;
  }

  get failed(): readonly FailedFile[] {
    return this._failed;
  }

  /** Never rejects: the end is the state. */
  async run(): Promise<TransferState> {
    try {
      const miss = (files: readonly FailedFile[]): void => void (this._failed = files);
      await this._work(this._controller.signal, amounts => this._report(amounts), miss);
      return this._end(this._failed.length > 0 ? 'partial' : 'done');
    } catch (error) {
      if (this._controller.signal.aborted || isAbort(error)) {
        return this._end('cancelled');
      }
      this._error = error instanceof ReanaError ? error : new ReanaError(0, '', String(error));
      return this._end('failed');
    }
  }

  cancel(): void {
    this._controller.abort();
  }

  private _report(amounts: Amounts): void {
    this._amounts = amounts;
    this.tell();
  }

  private _end(state: TransferState): TransferState {
    this._state = state;
    this.tell();
    return state;
  }

  private readonly _controller = new AbortController();
  private _state: TransferState = 'running';
  private _amounts = NOTHING;
  private _error: ReanaError | null = null;
  private _failed: readonly FailedFile[] = [];
}

/** Something that is moved by itself; `size` in bytes. */
export interface Piece {
  readonly name: string;
  readonly size: number;
  readonly move: (signal: AbortSignal, report: (bytes: number) => void) => Promise<void>;
}

/** One after the other; ends at the first that fails. */
export function oneByOne(pieces: readonly Piece[]): Work {
  const bytesTotal = pieces.reduce((sum, piece) => sum + piece.size, 0);
  return async (signal, report) => {
    let before = 0;
    for (const [filesDone, { name, size, move }] of pieces.entries()) {
      signal.throwIfAborted();
      const tell = (bytes: number): void =>
        report({ current: name, filesDone, filesTotal: pieces.length, bytesDone: before + bytes, bytesTotal });
      tell(0);
      await move(signal, tell);
      before += size;
    }
  };
}

/** The transfers of one run that are shown: those that go on, and those that failed, also in part, until dismissed. */
export class Transfers extends Observable {
  get shown(): readonly Transfer[] {
    return this._shown;
  }

  async add(transfer: Transfer): Promise<TransferState> {
    this._shown = [...this._shown, transfer];
    transfer.changed.connect(this.tell, this);
    this.tell();
    const state = await transfer.run();
    if (state !== 'failed' && state !== 'partial') {
      this.remove(transfer);
    }
    return state;
  }

  remove(transfer: Transfer): void {
    this._shown = this._shown.filter(one => one !== transfer);
    transfer.dispose();
    this.tell();
  }

  private _shown: readonly Transfer[] = [];
}
