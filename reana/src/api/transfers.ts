/** Background transfers of the back end: watch and cancel them. */

import { ReanaError } from './errors';
import { isObject, text, integer } from './read';
import type { Send } from './send';

export interface RemoteTransfer {
  readonly id: string;
  readonly state: string;
  readonly message: string;
  readonly version: number;
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly current: string;
  readonly result: unknown;
}

// Below the 60 s after which nginx and other proxies usually end a silent request.
const WAIT_S = 20;

export class TransfersApi {
  constructor(private readonly _send: Send) {}

  /**
   * Wait for the end of a transfer, reporting each change. Resolves to its result.
   * Rejects with the error of the transfer; aborting the signal cancels the transfer, too.
   */
  async watch(
    begun: unknown,
    signal: AbortSignal,
    report: (transfer: RemoteTransfer) => void = () => undefined
  ): Promise<unknown> {
    let transfer = readTransfer(begun);
    try {
      while (transfer.state === 'running') {
        report(transfer);
        const query = { since: transfer.version, wait: WAIT_S };
        transfer = readTransfer(await this._send(`transfers/${transfer.id}`, { query, signal }));
      }
    } catch (error) {
      if (signal.aborted) {
        // Without the signal: it is already aborted and would stop this request, too.
        await this._send(`transfers/${transfer.id}`, { method: 'DELETE' }).catch(() => undefined);
      }
      throw error;
    }
    if (transfer.state !== 'done') {
      throw new ReanaError(500, transfer.message, '', transfer.result);
    }
    return transfer.result;
  }
}

export function readTransfer(source: unknown): RemoteTransfer {
  const here = isObject(source) && isObject(source.transfer) ? source.transfer : source;
  return {
    id: text(here, 'id'),
    state: text(here, 'state'),
    message: text(here, 'message'),
    version: integer(here, 'version'),
    filesDone: integer(here, 'files_done'),
    filesTotal: integer(here, 'files_total', -1),
    bytesDone: integer(here, 'bytes_done'),
    bytesTotal: integer(here, 'bytes_total', -1),
    current: text(here, 'current'),
    result: isObject(here) ? here.result : undefined
  };
}
