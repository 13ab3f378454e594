/** State of the connection to REANA: account, quota and profiles. */

import { Signal, type ISignal } from '@lumino/signaling';

import type { ConnectionApi, Credentials } from '../api/connection';
import { ReanaError } from '../api/errors';
import type { Account, Profile } from '../api/values';
import { Latest } from './latest';
import { Observable } from './observable';
import { Refresh } from './refresh';

const RETRY_MS = 15_000;

type ConnectionState = 'loading' | 'connected' | 'absent' | 'error';

/** A key for an account of a server. */
export function accountKey(server: string, email: string): string {
  return `${server}\n${email}`;
}

/** Inverse of `accountKey`. */
export function accountOf(key: string): { readonly server: string; readonly email: string } {
  const [server = '', email = ''] = key.split('\n');
  return { server, email };
}

export class Connection extends Observable {
  constructor(private readonly _api: ConnectionApi) {
    super();
  }

  get state(): ConnectionState {
    return this._state;
  }

  get account(): Account | null {
    return this._account;
  }

  /** Key of the current or last connected account; empty: none yet. */
  get key(): string {
    return this._key;
  }

  /** Emitted with the key of a newly connected account, before `changed`. */
  get switched(): ISignal<this, string> {
    return this._switched;
  }

  get profiles(): readonly Profile[] {
    return this._profiles;
  }

  /** Why connecting failed. */
  get error(): ReanaError | null {
    return this._error;
  }

  /** Load the account. Never rejects: failures become the state. */
  async load(): Promise<void> {
    try {
      const response = await this._latest.run(async signal => ({
        account: await this._api.account(signal),
        profiles: await this._api.profiles(signal)
      }));
      if (response) {
        this._receive(response.account);
        this._profiles = response.profiles;
        this.emitChanged();
      }
    } catch (error) {
      if (!(error instanceof ReanaError)) {
        throw error;
      }
      this._set(error.needsConnection ? 'absent' : 'error', this._account, error);
      this.emitChanged();
    }
  }

  /** Connect with credentials; the current ones stay if these are rejected. Rejects with the reason. */
  async connect(credentials: Credentials): Promise<void> {
    await this._api.connect(credentials);
    await this.load();
  }

  async useProfile(name: string): Promise<void> {
    await this._api.useProfile(name);
    await this.load();
  }

  async forget(name: string): Promise<void> {
    await this._api.forget(name);
    await this.load();
  }

  /** Handle a request that failed for its credentials: ask for new ones. */
  lost(error: ReanaError): void {
    if (this._state === 'connected' && error.needsConnection) {
      this._set('absent', null, error);
      this.emitChanged();
    }
  }

  override dispose(): void {
    this._latest.cancel();
    this._retry.dispose();
    super.dispose();
  }

  private _receive(account: Account): void {
    if (account.connected) {
      this._set('connected', account, null);
      const key = accountKey(account.server, account.email);
      if (key !== this._key) {
        this._key = key;
        this._switched.emit(key);
      }
    } else if (account.reason === 'unset') {
      this._set('absent', account, null);
    } else {
      // A rejected token needs a new one; after other failures the same one may work later.
      const refused = account.reason === 'refused';
      this._set(refused ? 'absent' : 'error', account, new ReanaError(refused ? 401 : account.status, account.message));
    }
  }

  private _set(state: ConnectionState, account: Account | null, error: ReanaError | null): void {
    this._state = state;
    // Retry on its own: an unreachable server may come back.
    this._retry.setActive(state === 'error', true);
    this._account = account;
    this._error = error;
  }

  private readonly _latest = new Latest();
  private readonly _retry = new Refresh({ name: 'connection', act: () => this.load(), interval: RETRY_MS });
  private readonly _switched = new Signal<this, string>(this);
  private _key = '';
  private _state: ConnectionState = 'loading';
  private _account: Account | null = null;
  private _profiles: readonly Profile[] = [];
  private _error: ReanaError | null = null;
}
