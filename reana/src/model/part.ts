/** Something that is asked for and may fail, and the newest answer to it. */

import { ReanaError } from '../api/errors';
import { Latest } from './latest';

export class Part<T> {
  constructor(
    private readonly _ask: (signal: AbortSignal) => Promise<T>,
    private readonly _tell: () => void
  ) {}

  /** The newest answer; it stays while a newer one is on its way, or fails to come. */
  get value(): T | null {
    return this._value;
  }

  get error(): ReanaError | null {
    return this._error;
  }

  get loading(): boolean {
    return this._loading;
  }

  /** Rejects when there is no answer; the reason is `error` then. */
  async load(): Promise<void> {
    this._loading = true;
    try {
      const value = await this._latest.run(this._ask);
      if (value !== undefined) {
        this._settle(value, null);
      }
    } catch (error) {
      this._settle(this._value, error instanceof ReanaError ? error : new ReanaError(0, '', String(error)));
      throw error;
    }
  }

  /** Ask once, and again only after a failure. */
  async need(): Promise<void> {
    if (this._value === null && !this._loading) {
      await this.load();
    }
  }

  /** Take an answer that came without being asked for; what was asked meanwhile is older. */
  put(value: T): void {
    this._latest.cancel();
    this._settle(value, null);
  }

  cancel(): void {
    this._latest.cancel();
    this._loading = false;
  }

  private _settle(value: T | null, error: ReanaError | null): void {
    const news = this._value === null || error !== this._error || JSON.stringify(value) !== JSON.stringify(this._value);
    this._loading = false;
    this._error = error;
    if (news) {
      this._value = value;
      this._tell();
    }
  }

  private readonly _latest = new Latest();
  private _value: T | null = null;
  private _error: ReanaError | null = null;
  private _loading = false;
}
