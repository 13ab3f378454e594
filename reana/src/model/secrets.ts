/** The secrets of a person: which there are, and the next one. */

import { ReanaError } from '../api/errors';
import type { KeepingApi, Secret, SecretKind } from '../api/keeping';
import { Observable } from './observable';

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

export class Secrets extends Observable {
  constructor(private readonly _api: Pick<KeepingApi, 'secrets' | 'keep' | 'forget'>) {
    super();
  }

  get secrets(): readonly Secret[] {
    return this._secrets;
  }

  /** Why the last change failed. */
  get error(): ReanaError | null {
    return this._error;
  }

  /** The one that is asked about: shall it be lost? Empty: none. */
  get doomed(): string {
    return this._doomed;
  }

  get kind(): SecretKind {
    return this._kind;
  }

  get name(): string {
    return this._name;
  }

  get replaces(): boolean {
    return this._replaces;
  }

  /** What is typed; a file's content goes beside it. */
  get value(): string {
    return this._value;
  }

  get nameIsWrong(): boolean {
    return this._name !== '' && (this._kind === 'env' ? !VARIABLE.test(this._name) : /^\.{0,2}$|\//.test(this._name));
  }

  change(to: { kind?: SecretKind; name?: string; value?: string; replaces?: boolean; file?: File | null }): void {
    this._kind = to.kind ?? this._kind;
    this._name = to.name ?? (to.file && !this._name ? to.file.name : this._name);
    this._value = to.value ?? this._value;
    this._replaces = to.replaces ?? this._replaces;
    this._file = to.file === undefined ? this._file : to.file;
    this.tell();
  }

  /** Rejects when REANA does not tell. */
  async load(): Promise<void> {
    this._secrets = await this._api.secrets();
    this.tell();
  }

  /** Hand over what is typed or chosen, and forget it here. Never rejects. */
  async keep(): Promise<void> {
    if (!this._name || this.nameIsWrong || (this._kind === 'file' && !this._file)) {
      return;
    }
    await this._change(async () => {
      const file = this._kind === 'file' ? this._file : null;
      const value = file ? new Uint8Array(await file.arrayBuffer()) : new TextEncoder().encode(this._value);
      await this._api.keep({ name: this._name, kind: this._kind, value, replaces: this._replaces });
    });
    if (!this._error) {
      this.change({ name: '', value: '', replaces: false, file: null });
    }
  }

  /** The first time asks, the second does it. Never rejects. */
  async forget(name: string): Promise<void> {
    if (this._doomed !== name) {
      this._doomed = name;
      this.tell();
      return;
    }
    this._doomed = '';
    await this._change(() => this._api.forget(name));
  }

  private async _change(act: () => Promise<void>): Promise<void> {
    this._error = null;
    try {
      await act();
      await this.load();
    } catch (error) {
      this._error = error instanceof ReanaError ? error : new ReanaError(0, '', String(error));
      this.tell();
    }
  }

  private _secrets: readonly Secret[] = [];
  private _error: ReanaError | null = null;
  private _doomed = '';
  private _kind: SecretKind = 'env';
  private _name = '';
  private _value = '';
  private _file: File | null = null;
  private _replaces = false;
}
