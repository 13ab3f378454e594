/** Runs that were created, but whose upload or start failed; completes them. */

import type { CreateApi, NewRun } from '../api/create';
import { list, object, text } from '../api/read';
import type { JsonObject } from '../api/values';
import { Observable } from './observable';
import type { RunStore } from './runstore';
import { Transfer } from './transfers';

/** The requested run and why it was not started. */
export interface IncompleteRun {
  readonly wanted: NewRun;
  readonly message: string;
}

// All entries are saved in the state of JupyterLab at each change.
const KEPT = 50;

export class Incomplete extends Observable {
  constructor(
    private readonly _api: Pick<CreateApi, 'complete'>,
    private readonly _store: RunStore
  ) {
    super();
    // The run was started, here or with another client: it is complete.
    _store.updated.connect((_, run) => run.status !== 'created' && this._drop(run.id));
  }

  get(id: string): IncompleteRun | null {
    return this._broken.get(id) ?? null;
  }

  /** The running upload; null: none. */
  transfer(id: string): Transfer | null {
    return this._transfers.get(id) ?? null;
  }

  put(id: string, broken: IncompleteRun): void {
    this._broken.set(id, broken);
    for (const oldest of [...this._broken.keys()].slice(0, -KEPT)) {
      this._broken.delete(oldest);
    }
    this.emitChanged();
  }

  /** Upload the inputs again and start the run. Resolves to true if it started; never rejects. */
  async complete(id: string): Promise<boolean> {
    const broken = this._broken.get(id);
    // A second upload of the same run would race with the first one.
    if (!broken || this._transfers.has(id)) {
      return false;
    }
    const transfer = new Transfer('upload', (signal, report) => this._api.complete(id, broken.wanted, signal, report));
    this._transfers.set(id, transfer);
    transfer.changed.connect(this.emitChanged, this);
    this.emitChanged();
    const state = await transfer.run();
    this._transfers.delete(id);
    // Another client may have started the run meanwhile: then it is complete.
    if (state === 'failed' && this._broken.has(id)) {
      this.put(id, { ...broken, message: transfer.error?.message ?? '' });
    }
    if (state === 'done') {
      this._drop(id);
    }
    this.emitChanged();
    await this._store.load(id).catch(() => undefined);
    return state === 'done';
  }

  /** State to save. */
  get kept(): JsonObject {
    const all = [...this._broken].map(([id, { wanted, message }]) => ({ id, message, wanted: { ...wanted } }));
    return { runs: all };
  }

  /** Restore saved state, skipping invalid entries. */
  restore(kept: unknown): void {
    for (const one of list(kept, 'runs')) {
      const wanted = object(one, 'wanted');
      const [id, path] = [text(one, 'id'), text(wanted, 'path')];
      // An entry of this page is newer than the saved one.
      if (id && path && !this._broken.has(id)) {
        const values = { parameters: object(wanted, 'parameters'), options: object(wanted, 'options') };
        this._broken.set(id, {
          wanted: { name: text(wanted, 'name'), path, ...values },
          message: text(one, 'message')
        });
      }
    }
    this.emitChanged();
  }

  private _drop(id: string): void {
    if (this._broken.delete(id)) {
      this.emitChanged();
    }
  }

  private readonly _broken = new Map<string, IncompleteRun>();
  private readonly _transfers = new Map<string, Transfer>();
}
