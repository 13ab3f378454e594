/** State of the tab for a new run: file, form, validation and progress. */

import type { CreateApi, Form } from '../api/create';
import { identity } from '../api/create';
import { ReanaError } from '../api/errors';
import type { Validation } from '../api/values';
import { nameMistake, ParameterForm } from './form';
import type { IncompleteRun } from './incomplete';
import { Latest } from './latest';
import { Observable } from './observable';
import { Transfer } from './transfers';

const NO_FIELDS = new ParameterForm([]);

export class NewRun extends Observable {
  constructor(private readonly _api: CreateApi) {
    super();
  }

  /** Path below Jupyter's root; empty: not chosen yet. */
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

  /** Why the file could not be read, or the run not be created. */
  get error(): ReanaError | null {
    return this._error;
  }

  get loading(): boolean {
    return this._loading;
  }

  /** Upload and start in progress; null: none. */
  get transfer(): Transfer | null {
    return this._transfer;
  }

  /** The created run whose upload or start failed; null: none. */
  get broken(): IncompleteRun | null {
    return this._broken;
  }

  get ready(): boolean {
    const { _validation, _transfer, _parameters, _options } = this;
    const named = nameMistake(this._name) === null;
    return named && _validation?.valid === true && _transfer === null && _parameters.valid && _options.valid;
  }

  setName(name: string): void {
    this._name = name;
    this.emitChanged();
  }

  /** Read or reread a `reana.yaml`. Never rejects. */
  async choose(path: string): Promise<void> {
    const again = path === this._path;
    this._path = path;
    this._loading = true;
    this._error = null;
    this.emitChanged();
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
    this.emitChanged();
  }

  /** Create, upload and start the run. Resolves to its identifier; empty: it failed, see `error`. */
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
    transfer.changed.connect(this.emitChanged, this);
    this.emitChanged();
    await transfer.run();
    this._transfer = null;
    this._error = transfer.error;
    // After a failed upload or start the run exists, and the error names it.
    id = id || identity(transfer.error?.response);
    this._broken = id && transfer.error ? { wanted, message: transfer.error.message } : null;
    this.emitChanged();
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
      // An invalid file has no form; the validation reports its problems.
      if (error instanceof ReanaError && error.status === 400) {
        return { validation, form: null };
      }
      throw error;
    }
  }

  /** Keep typed values if the form has not changed. */
  private _take(form: Form | null, again: boolean): void {
    const same = again && JSON.stringify(form) === JSON.stringify(this._form);
    this._form = form;
    if (same || !form) {
      return;
    }
    this._name = again ? this._name : form.name;
    this._parameters = new ParameterForm(form.parameters);
    this._options = new ParameterForm(form.options);
    this._parameters.changed.connect(this.emitChanged, this);
    this._options.changed.connect(this.emitChanged, this);
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
  private _broken: IncompleteRun | null = null;
}
