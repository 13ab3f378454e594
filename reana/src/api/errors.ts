/** Errors of the back end and of REANA. */

import { text } from './read';

/** An error response of the back end or of REANA. Status 0: the back end did not respond. */
export class ReanaError extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** The response body, for debugging. */
    readonly detail = '',
    readonly response?: unknown
  ) {
    super(message);
    this.name = 'ReanaError';
  }

  /** Machine-readable reason: `refused`, `certificate`, `changed` and others; empty if unknown. */
  get reason(): string {
    return text(this.response, 'reason');
  }

  /** True if the user has to connect again. */
  get needsConnection(): boolean {
    return this.status === 401;
  }
}

/** The request was cancelled or superseded by a newer one. */
export class Aborted extends Error {
  constructor() {
    super('Aborted');
    this.name = 'AbortError';
  }
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
