/** Base class of state that views observe. */

import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

export class Observable implements IDisposable {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Incremented by every change, so that late subscribers detect a missed one. */
  get version(): number {
    return this._version;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  /** Emits nothing once disposed. */
  protected emitChanged(): void {
    if (!this._isDisposed) {
      this._version += 1;
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _version = 0;
  private _isDisposed = false;
}
