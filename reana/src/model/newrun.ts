/** A run that is about to be made: which file, what is asked for, whether it could work, how far it is. */

import type { CreateApi, Form } from '../api/create';
import { identity } from '../api/create';
import { ReanaError } from '../api/errors';
import type { Validation } from '../api/values';
import { nameMistake, ParameterForm } from './form';
import type { Broken } from './incomplete';
import { Latest } from './latest';
import { Observable } from './observable';
import { Transfer } from './transfers';

const NO_FIELDS = new ParameterForm([]);

export class NewRun extends Observable {
  constructor(private readonly _api: CreateApi) {
    super();
  }

  /** From Jupyter's root; empty: not chosen yet. */
  get path(): string {
    return this._path;
  }

  get name(): string {
    return this._name;
  }

  get form(): Form | null {
    return this._form;
  }

  get parameters(): ParameterForm {
    return this._parameters;
  }

  get options(): ParameterForm {
    return this._options;
  }

  get validation(): Validation | null {
    return this._validation;
  }

  /** Why the file could not be read, or the run not be made. */
  get error(): ReanaError | null {
    return this._error;
  }

  get loading(): boolean {
    return this._loading;
  }

  /** Uploading and starting; null: not yet, or not any more. */
  get transfer(): Transfer | null {
    return this._transfer;
  }

  /** A run that was made, and could not be filled or started; null: there is none. */
  get broken(): Broken | null {
    return this._broken;
  }

  get ready(): boolean {
    const { _validation, _transfer, _parameters, _options } = this;
    const named = nameMistake(this._name) === null;
    return named && _validation?.valid === true && _transfer === null && _parameters.valid && _options.valid;
  }

  setName(name: string): void {
    this._name = name;
    this.tell();
  }

  /** Read a `reana.yaml`, also again after it was changed. Never rejects. */
  async choose(path: string): Promise<void> {
    const again = path === this._path;
    this._path = path;
    this._loading = true;
    this._error = null;
    this.tell();
    try {
      const read = await this._latest.run(signal => this._read(path, signal));
      if (read) {
        this._validation = read.validation;
        this._take(read.form, again);
      }
    } catch (error) {
      this._fail(error);
    }
    this._loading = false;
    this.tell();
  }

  /** Make, fill and start it. Answers its id; empty: it did not come to be, and `error` says why. */
  async run(): Promise<string> {
    let id = '';
    this._error = null;
    this._broken = null;
    const wanted = {
      name: this._name.trim(),
      path: this._path,
      parameters: this._parameters.changes,
      options: this._options.changes
    };
    const transfer = new Transfer('upload', async (signal, report) => {
      id = await this._api.run(wanted, signal, report);
    });
    this._transfer = transfer;
    transfer.changed.connect(this.tell, this);
    this.tell();
    await transfer.run();
    this._transfer = null;
    this._error = transfer.error;
    id = id || identity(transfer.error?.answer);
    this._broken = id && transfer.error ? { wanted, message: transfer.error.message } : null;
    this.tell();
    return id;
  }

  override dispose(): void {
    this._latest.cancel();
    super.dispose();
  }

  private async _read(path: string, signal: AbortSignal): Promise<{ validation: Validation; form: Form | null }> {
    const validation = await this._api.validate(path, undefined, signal);
    try {
      return { validation, form: await this._api.form(path, signal) };
    } catch (error) {
      if (error instanceof ReanaError && error.status === 400) {
        return { validation, form: null };
      }
      throw error;
    }
  }

  /** What was typed stays where the file asks the same. */
  private _take(form: Form | null, again: boolean): void {
    const same = again && JSON.stringify(form) === JSON.stringify(this._form);
    this._form = form;
    if (same || !form) {
      return;
    }
    this._name = again ? this._name : form.name;
    this._parameters = new ParameterForm(form.parameters);
    this._options = new ParameterForm(form.options);
    this._parameters.changed.connect(this.tell, this);
    this._options.changed.connect(this.tell, this);
  }

  private _fail(error: unknown): void {
    this._error = error instanceof ReanaError ? error : new ReanaError(0, '', String(error));
    this._validation = null;
    this._form = null;
  }

  private readonly _latest = new Latest();
  private _path = '';
  private _name = '';
  private _form: Form | null = null;
  private _parameters = NO_FIELDS;
  private _options = NO_FIELDS;
  private _validation: Validation | null = null;
  private _error: ReanaError | null = null;
  private _loading = false;
  private _transfer: Transfer | null = null;
  private _broken: Broken | null = null;
}
