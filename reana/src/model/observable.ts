/** State that tells when it changed; views read it, and draw again. */

import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

export class Observable implements IDisposable {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Grows with every change: who began to listen a moment too late sees that there was one. */
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

  /** Nothing is told after the end. */
  protected tell(): void {
    if (!this._isDisposed) {
      this._version += 1;
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _version = 0;
  private _isDisposed = false;
}
