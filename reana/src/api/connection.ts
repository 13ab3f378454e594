/** The connection to a REANA server: account, credentials and saved profiles. */

import { isObject, list, text, flag, integer } from './read';
import type { Send } from './send';
import type { Account, Amount, Profile, Quota } from './values';

export interface Credentials {
  readonly server: string;
  readonly token: string;
  /** Path of the site's CA certificate; empty: use those of the system. */
  readonly caFile: string;
  /** Save them on the Jupyter server's disk; otherwise they last until it ends. */
  readonly keep: boolean;
  /** Name of the profile; empty: that of the account. */
  readonly name: string;
}

export class ConnectionApi {
  constructor(private readonly _send: Send) {}

  async account(signal?: AbortSignal): Promise<Account> {
    return readAccount(await this._send('connection', { signal }));
  }

  /** Rejects with the reason if the server rejects them; then nothing changes. */
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
    const response = await this._send('profiles', { signal });
    return list(response, 'profiles').map(one => ({
      name: text(one, 'name'),
      server: text(one, 'server'),
      account: text(one, 'account'),
      caFile: text(one, 'caFile'),
      active: flag(one, 'active'),
      fixed: flag(one, 'fixed')
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
    connected: flag(source, 'connected'),
    fingerprint: text(source, 'fingerprint'),
    server: text(source, 'server'),
    email: text(isObject(source) ? source.user : undefined, 'email'),
    version: text(source, 'version'),
    quota: readQuota(isObject(source) ? source.quota : undefined),
    sharing: flag(source, 'sharing'),
    // Only an explicit false counts: a response without a connection lacks these two fields.
    secrets: !isObject(source) || source.secrets !== false,
    environments: !isObject(source) || source.usesEnvironments !== false,
    message: text(source, 'message'),
    source: text(source, 'source'),
    reason: text(source, 'reason'),
    status: integer(source, 'status')
  };
}

function readQuota(source: unknown): Quota | null {
  return isObject(source) ? { disk: readAmount(source.disk), cpu: readAmount(source.cpu) } : null;
}

function readAmount(source: unknown): Amount {
  return { used: integer(source, 'usage'), limit: integer(source, 'limit') };
}
