/** A value that is loaded from the back end, with its loading and error state. */

import { ReanaError } from '../api/errors';
import { Latest } from './latest';

export class Loadable<T> {
  constructor(
    private readonly _ask: (signal: AbortSignal) => Promise<T>,
    private readonly _onChange: () => void
  ) {}

  /** The newest value; it stays while a newer one is loading or fails to load. */
  get value(): T | null {
    return this._value;
  }

  get error(): ReanaError | null {
    return this._error;
  }

  get loading(): boolean {
    return this._loading;
  }

  /** Rejects on failure and sets `error`. */
  async load(): Promise<void> {
    this._loading = true;
    try {
      const value = await this._latest.run(this._ask);
      // Otherwise a newer request or a pushed value has replaced this one.
      if (value !== undefined) {
        this._settle(value, null);
      }
    } catch (error) {
      this._settle(this._value, error instanceof ReanaError ? error : new ReanaError(0, '', String(error)));
      throw error;
    }
  }

  /** Load once, and again only after a failure. */
  async need(): Promise<void> {
    if (this._value === null && !this._loading) {
      await this.load();
    }
  }

  /** Set a value that was pushed; a running request is older and cancelled. */
  put(value: T): void {
    this._latest.cancel();
    this._settle(value, null);
  }

  cancel(): void {
    this._latest.cancel();
    this._loading = false;
  }

  private _settle(value: T | null, error: ReanaError | null): void {
    // Polling mostly returns an equal value, which needs no rendering.
    const changed =
      this._value === null || error !== this._error || JSON.stringify(value) !== JSON.stringify(this._value);
    this._loading = false;
    this._error = error;
    if (changed) {
      this._value = value;
      this._onChange();
    }
  }

  private readonly _latest = new Latest();
  private _value: T | null = null;
  private _error: ReanaError | null = null;
  private _loading = false;
}
