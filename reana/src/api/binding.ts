/** Binds requests to the connection that the page shows; the back end rejects them once another one is used. */

import { ReanaError } from './errors';

const HEADER = 'X-Reana-Connection';

export class Binding {
  /** The back end's identifier of the connection; empty: requests use the active one. */
  fingerprint = '';

  /** Called when the back end rejected a request because of it. */
  lost: () => void = () => undefined;

  get headers(): Record<string, string> {
    return this.fingerprint ? { [HEADER]: this.fingerprint } : {};
  }

  /** Inspect the error of a request. */
  notice(error: unknown): void {
    if (error instanceof ReanaError && error.reason === 'changed') {
      this.lost();
    }
  }
}
