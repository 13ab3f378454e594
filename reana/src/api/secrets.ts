/** Secrets of the user, whose values are write-only, and retention of the files of runs. */

import { isObject, list, text } from './read';
import { route } from './runs';
import type { Send } from './send';

export type SecretKind = 'env' | 'file';

export interface Secret {
  readonly name: string;
  readonly kind: string;
}

export interface NewSecret {
  readonly name: string;
  readonly kind: SecretKind;
  readonly value: Uint8Array;
  /** Replace an existing secret of the same name. */
  readonly replaces: boolean;
}

/** A retention rule: REANA deletes matching files some days after the run ends. */
export interface Rule {
  readonly files: string;
  readonly days: string;
}

export class SecretsApi {
  constructor(private readonly _send: Send) {}

  async secrets(): Promise<readonly Secret[]> {
    const found = list(await this._send('secrets'), 'secrets');
    return found.map(one => ({ name: text(one, 'name'), kind: text(one, 'type') }));
  }

  async keep({ name, kind, value, replaces }: NewSecret): Promise<void> {
    const body = { name, type: kind, value: inBase64(value), encoding: 'base64', overwrite: replaces };
    await this._send('secrets', { method: 'POST', body });
  }

  async forget(name: string): Promise<void> {
    await this._send(`secrets/${encodeURIComponent(name)}`, { method: 'DELETE' });
  }

  /** Delete files that are neither inputs nor outputs; the flags include these too. */
  async prune(id: string, inputs: boolean, outputs: boolean): Promise<void> {
    await this._send(route(id, 'prune'), {
      method: 'POST',
      body: { include_inputs: inputs, include_outputs: outputs }
    });
  }

  async rules(id: string): Promise<readonly Rule[]> {
    const found = list(await this._send(route(id, 'retention')), 'rules');
    return found
      .filter(isObject)
      .map(one => ({ files: text(one, 'workspace_files'), days: text(one, 'retention_days') }));
  }
}

function inBase64(bytes: Uint8Array): string {
  // `btoa` takes characters of one byte each, and throws for others.
  return btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''));
}
