/** Who is connected to which REANA server, and how that changes. */

import { isObject, list, text, truth, whole } from './read';
import type { Send } from './send';
import type { Account, Amount, Profile, Quota } from './values';

export interface Credentials {
  readonly server: string;
  readonly token: string;
  /** Where the certificate of the site's own authority is; empty: the usual ones are enough. */
  readonly caFile: string;
  /** Keep them on the Jupyter server's disk; otherwise until it ends. */
  readonly keep: boolean;
  /** Under this name; empty: that of the account. */
  readonly name: string;
}

export class ConnectionApi {
  constructor(private readonly _send: Send) {}

  async account(signal?: AbortSignal): Promise<Account> {
    return readAccount(await this._send('connection', { signal }));
  }

  /** Rejects with the reason when the server refuses them; then nothing changes. */
  async connect({ server, token, caFile, keep, name }: Credentials): Promise<void> {
    await this._send('env', {
      method: 'POST',
      body: {
        REANA_SERVER_URL: server,
        REANA_ACCESS_TOKEN: token,
        ...(caFile ? { ca_file: caFile } : {}),
        ...(keep ? { remember: true, profile: name } : {})
      }
    });
  }

  async profiles(signal?: AbortSignal): Promise<readonly Profile[]> {
    const answer = await this._send('profiles', { signal });
    return list(answer, 'profiles').map(one => ({
      name: text(one, 'name'),
      server: text(one, 'server'),
      account: text(one, 'account'),
      caFile: text(one, 'caFile'),
      active: truth(one, 'active'),
      fixed: truth(one, 'fixed')
    }));
  }

  async useProfile(name: string): Promise<void> {
    await this._send(`profiles/${encodeURIComponent(name)}`, { method: 'POST', body: {} });
  }

  async forget(name: string): Promise<void> {
    await this._send(`profiles/${encodeURIComponent(name)}`, { method: 'DELETE' });
  }
}

export function readAccount(source: unknown): Account {
  return {
    connected: truth(source, 'connected'),
    fingerprint: text(source, 'fingerprint'),
    server: text(source, 'server'),
    email: text(isObject(source) ? source.user : undefined, 'email'),
    version: text(source, 'version'),
    quota: readQuota(isObject(source) ? source.quota : undefined),
    sharing: truth(source, 'sharing'),
    secrets: !isObject(source) || source.secrets !== false,
    environments: !isObject(source) || source.usesEnvironments !== false,
    message: text(source, 'message'),
    source: text(source, 'source'),
    reason: text(source, 'reason'),
    status: whole(source, 'status')
  };
}

function readQuota(source: unknown): Quota | null {
  return isObject(source) ? { disk: readAmount(source.disk), cpu: readAmount(source.cpu) } : null;
}

function readAmount(source: unknown): Amount {
  return { used: whole(source, 'usage'), limit: whole(source, 'limit') };
}
