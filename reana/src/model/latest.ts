/** Runs requests so that only the newest one delivers; older ones are aborted. */

import { isAbort } from '../api/errors';

export class Latest {
  /** Resolves to the result of `ask`, or to `undefined` if a newer request was started. */
  async run<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    this.cancel();
    const controller = new AbortController();
    this._controller = controller;
    try {
      const response = await ask(controller.signal);
      // The response may have arrived before the abort took effect.
      return controller.signal.aborted ? undefined : response;
    } catch (error) {
      if (controller.signal.aborted || isAbort(error)) {
        return undefined;
      }
      throw error;
    } finally {
      // A newer request has stored its own controller.
      if (this._controller === controller) {
        this._controller = null;
      }
    }
  }

  /** Abort the running request, if any. */
  cancel(): void {
    this._controller?.abort();
    this._controller = null;
  }

  private _controller: AbortController | null = null;
}
