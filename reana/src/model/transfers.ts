/** Running downloads and uploads, with progress and cancellation. */

import { isAbort, ReanaError } from '../api/errors';
import type { FailedFile } from '../api/values';
import { Observable } from './observable';

type TransferKind = 'download' | 'upload';
/** `partial`: some files failed. */
type TransferState = 'running' | 'done' | 'partial' | 'failed' | 'cancelled';

/** Progress; -1: unknown. */
interface Amounts {
  readonly current: string;
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
}

/** Transfers everything; reports progress and failed files, and stops when the signal aborts. */
type Work = (
  signal: AbortSignal,
  report: (amounts: Amounts) => void,
  onFailed: (files: readonly FailedFile[]) => void
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

  /** Between 0 and 1: by bytes if their total is known, else by files. */
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

  /** Never rejects: the outcome is the state. */
  async run(): Promise<TransferState> {
    try {
      const onFailed = (files: readonly FailedFile[]): void => void (this._failed = files);
      await this._work(this._controller.signal, amounts => this._report(amounts), onFailed);
      return this._end(this._failed.length > 0 ? 'partial' : 'done');
    } catch (error) {
      // An aborted request may also reject with an error of another kind.
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
    this.emitChanged();
  }

  private _end(state: TransferState): TransferState {
    this._state = state;
    this.emitChanged();
    return state;
  }

  private readonly _controller = new AbortController();
  private _state: TransferState = 'running';
  private _amounts = NOTHING;
  private _error: ReanaError | null = null;
  private _failed: readonly FailedFile[] = [];
}

/** One file of a transfer; `size` in bytes. */
export interface TransferItem {
  readonly name: string;
  readonly size: number;
  readonly move: (signal: AbortSignal, report: (bytes: number) => void) => Promise<void>;
}

/** Transfers items in sequence; stops at the first failure. */
export function sequentially(pieces: readonly TransferItem[]): Work {
  const bytesTotal = pieces.reduce((sum, piece) => sum + piece.size, 0);
  return async (signal, report) => {
    let before = 0;
    for (const [filesDone, { name, size, move }] of pieces.entries()) {
      signal.throwIfAborted();
      const onBytes = (bytes: number): void =>
        report({ current: name, filesDone, filesTotal: pieces.length, bytesDone: before + bytes, bytesTotal });
      // Shows the name of the file before its first progress event.
      onBytes(0);
      await move(signal, onBytes);
      before += size;
    }
  };
}

/** Transfers shown for one run: running ones, and failed or partial ones until dismissed. */
export class Transfers extends Observable {
  get shown(): readonly Transfer[] {
    return this._shown;
  }

  async add(transfer: Transfer): Promise<TransferState> {
    this._shown = [...this._shown, transfer];
    transfer.changed.connect(this.emitChanged, this);
    this.emitChanged();
    const state = await transfer.run();
    if (state !== 'failed' && state !== 'partial') {
      this.remove(transfer);
    }
    return state;
  }

  remove(transfer: Transfer): void {
    this._shown = this._shown.filter(one => one !== transfer);
    transfer.dispose();
    this.emitChanged();
  }

  private _shown: readonly Transfer[] = [];
}
