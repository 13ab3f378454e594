/** Ask again without waiting for the earlier answer: the newest question wins, and older answers never arrive. */

import { isAbort } from '../api/errors';

export class Latest {
  /** Answers what `ask` answers, or `undefined` when something newer was asked meanwhile. */
  async run<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    this.cancel();
    const controller = new AbortController();
    this._controller = controller;
    try {
      const answer = await ask(controller.signal);
      return controller.signal.aborted ? undefined : answer;
    } catch (error) {
      if (controller.signal.aborted || isAbort(error)) {
        return undefined;
      }
      throw error;
    } finally {
      if (this._controller === controller) {
        this._controller = null;
      }
    }
  }

  /** Abort what is being asked; nothing happens when nothing is. */
  cancel(): void {
    this._controller?.abort();
    this._controller = null;
  }

  private _controller: AbortController | null = null;
}
