/** What can go wrong between the person and REANA. */

import { text } from './read';

/** The back end, or REANA behind it, said no. Status 0: the back end itself did not answer. */
export class ReanaError extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** What was answered, for the curious. */
    readonly detail = '',
    readonly answer?: unknown
  ) {
    super(message);
    this.name = 'ReanaError';
  }

  /** In a word, for programs: `refused`, `certificate`, `changed` and others; empty where it is not told. */
  get reason(): string {
    return text(this.answer, 'reason');
  }

  /** Whether new credentials are what is needed. */
  get needsConnection(): boolean {
    return this.status === 401;
  }
}

/** The asker gave up waiting, or asked something newer. */
export class Abandoned extends Error {
  constructor() {
    super('No longer wanted');
    this.name = 'AbortError';
  }
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
