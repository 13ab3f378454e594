/** A list of the back end that a dialog edits: reloads after each change and keeps the error of the last one. */

import { ReanaError } from '../api/errors';
import { Observable } from './observable';

export abstract class EditableList<T> extends Observable {
  get items(): readonly T[] {
    return this._items;
  }

  /** Why the last change failed. */
  get error(): ReanaError | null {
    return this._error;
  }

  /** Rejects on failure. */
  async load(): Promise<void> {
    this._items = await this.fetch();
    this.emitChanged();
  }

  protected abstract fetch(): Promise<readonly T[]>;

  /** Apply a change and reload the list. Never rejects. */
  protected async apply(change: () => Promise<void>): Promise<void> {
    this._error = null;
    try {
      await change();
      await this.load();
    } catch (error) {
      this._error = error instanceof ReanaError ? error : new ReanaError(0, '', String(error));
      this.emitChanged();
    }
  }

  private _items: readonly T[] = [];
  private _error: ReanaError | null = null;
}
