/** The connection that requests are for: the back end refuses them as soon as another one is used. */

import { ReanaError } from './errors';

const HEADER = 'X-Reana-Connection';

export class Binding {
  /** As the back end names the connection; empty: requests are for whichever is used. */
  fingerprint = '';

  /** Called when a request was refused for it. */
  lost: () => void = () => undefined;

  get headers(): Record<string, string> {
    return this.fingerprint ? { [HEADER]: this.fingerprint } : {};
  }

  /** Look at what a request came to. */
  notice(error: unknown): void {
    if (error instanceof ReanaError && error.reason === 'changed') {
      this.lost();
    }
  }
}
