/** Runs that were created, and then not filled or not started: why, and the way to complete them. */

import type { CreateApi, NewRun } from '../api/create';
import { list, object, text } from '../api/read';
import type { JsonObject } from '../api/values';
import { Observable } from './observable';
import type { RunStore } from './runstore';
import { Transfer } from './transfers';

/** What was wanted, and why it did not come to be. */
export interface Broken {
  readonly wanted: NewRun;
  readonly message: string;
}

const KEPT = 50;

export class Incomplete extends Observable {
  constructor(
    private readonly _api: Pick<CreateApi, 'complete'>,
    private readonly _store: RunStore
  ) {
    super();
    // Whoever started it, here or elsewhere: it is complete then.
    _store.updated.connect((_, run) => run.status !== 'created' && this._drop(run.id));
  }

  get(id: string): Broken | null {
    return this._broken.get(id) ?? null;
  }

  /** Uploading again; null: nobody does. */
  transfer(id: string): Transfer | null {
    return this._transfers.get(id) ?? null;
  }

  put(id: string, broken: Broken): void {
    this._broken.set(id, broken);
    for (const oldest of [...this._broken.keys()].slice(0, -KEPT)) {
      this._broken.delete(oldest);
    }
    this.tell();
  }

  /** Upload the inputs again, and start it. Answers whether it was started. Never rejects: `get` says why not. */
  async complete(id: string): Promise<boolean> {
    const broken = this._broken.get(id);
    if (!broken || this._transfers.has(id)) {
      return false;
    }
    const transfer = new Transfer('upload', (signal, report) => this._api.complete(id, broken.wanted, signal, report));
    this._transfers.set(id, transfer);
    transfer.changed.connect(this.tell, this);
    this.tell();
    const state = await transfer.run();
    this._transfers.delete(id);
    if (state === 'failed' && this._broken.has(id)) {
      this.put(id, { ...broken, message: transfer.error?.message ?? '' });
    }
    if (state === 'done') {
      this._drop(id);
    }
    this.tell();
    await this._store.load(id).catch(() => undefined);
    return state === 'done';
  }

  /** What outlives a reload. */
  get kept(): JsonObject {
    const all = [...this._broken].map(([id, { wanted, message }]) => ({ id, message, wanted: { ...wanted } }));
    return { runs: all };
  }

  /** What was kept, as far as it can be understood. */
  restore(kept: unknown): void {
    for (const one of list(kept, 'runs')) {
      const wanted = object(one, 'wanted');
      const [id, path] = [text(one, 'id'), text(wanted, 'path')];
      if (id && path && !this._broken.has(id)) {
        const values = { parameters: object(wanted, 'parameters'), options: object(wanted, 'options') };
        this._broken.set(id, {
          wanted: { name: text(wanted, 'name'), path, ...values },
          message: text(one, 'message')
        });
      }
    }
    this.tell();
  }

  private _drop(id: string): void {
    if (this._broken.delete(id)) {
      this.tell();
    }
  }

  private readonly _broken = new Map<string, Broken>();
  private readonly _transfers = new Map<string, Transfer>();
}
