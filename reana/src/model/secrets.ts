/** State of the secrets dialog: saved secrets and the form for a new one. */

import type { SecretsApi, Secret, SecretKind } from '../api/secrets';
import { EditableList } from './editable';

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

export class Secrets extends EditableList<Secret> {
  constructor(private readonly _api: Pick<SecretsApi, 'secrets' | 'keep' | 'forget'>) {
    super();
  }

  /** The secret whose deletion awaits confirmation; empty: none. */
  get pendingDeletion(): string {
    return this._pendingDeletion;
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

  /** Typed value; the content of a file is kept apart. */
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
    // null removes the file, undefined leaves it.
    this._file = to.file === undefined ? this._file : to.file;
    this.emitChanged();
  }

  /** Save the typed value or selected file, then clear the form. Never rejects. */
  async keep(): Promise<void> {
    if (!this._name || this.nameIsWrong || (this._kind === 'file' && !this._file)) {
      return;
    }
    await this.apply(async () => {
      const file = this._kind === 'file' ? this._file : null;
      const value = file ? new Uint8Array(await file.arrayBuffer()) : new TextEncoder().encode(this._value);
      await this._api.keep({ name: this._name, kind: this._kind, value, replaces: this._replaces });
    });
    if (!this.error) {
      // The value must not be in the form when the dialog opens again.
      this.change({ name: '', value: '', replaces: false, file: null });
    }
  }

  /** The first call asks for confirmation, the second deletes. Never rejects. */
  async forget(name: string): Promise<void> {
    if (this._pendingDeletion !== name) {
      this._pendingDeletion = name;
      this.emitChanged();
      return;
    }
    this._pendingDeletion = '';
    await this.apply(() => this._api.forget(name));
  }

  protected override fetch(): Promise<readonly Secret[]> {
    return this._api.secrets();
  }

  private _pendingDeletion = '';
  private _kind: SecretKind = 'env';
  private _name = '';
  private _value = '';
  private _file: File | null = null;
  private _replaces = false;
}
