/** Whether somebody is connected to a REANA server, as whom, and what is left of the quota. */

import { Signal, type ISignal } from '@lumino/signaling';

import type { ConnectionApi, Credentials } from '../api/connection';
import { ReanaError } from '../api/errors';
import type { Account, Profile } from '../api/values';
import { Latest } from './latest';
import { Observable } from './observable';
import { Refresh } from './refresh';

const RETRY_MS = 15_000;

export type ConnectionState = 'loading' | 'connected' | 'absent' | 'error';

/** Names an account of a server. */
export function accountKey(server: string, email: string): string {
  return `${server}\n${email}`;
}

/** The server and the e-mail address of an account. */
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

  /** The account that is connected, or was last: server and e-mail address. Empty: none yet. */
  get key(): string {
    return this._key;
  }

  /** Another account is connected than before; told before `changed`. */
  get switched(): ISignal<this, string> {
    return this._switched;
  }

  get profiles(): readonly Profile[] {
    return this._profiles;
  }

  /** Why there is no connection, where one was tried. */
  get error(): ReanaError | null {
    return this._error;
  }

  /** Ask who is connected. Never rejects: the answer is the state. */
  async load(): Promise<void> {
    try {
      const answer = await this._latest.run(async signal => ({
        account: await this._api.account(signal),
        profiles: await this._api.profiles(signal)
      }));
      if (answer) {
        this._hear(answer.account);
        this._profiles = answer.profiles;
        this.tell();
      }
    } catch (error) {
      if (!(error instanceof ReanaError)) {
        throw error;
      }
      this._set(error.needsConnection ? 'absent' : 'error', this._account, error);
      this.tell();
    }
  }

  /** Try credentials; the ones before stay when these are refused. Rejects with the reason. */
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

  /** A request was refused for its credentials: ask for new ones. */
  lost(error: ReanaError): void {
    if (this._state === 'connected' && error.needsConnection) {
      this._set('absent', null, error);
      this.tell();
    }
  }

  override dispose(): void {
    this._latest.cancel();
    this._retry.dispose();
    super.dispose();
  }

  private _hear(account: Account): void {
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
      const refused = account.reason === 'refused';
      this._set(refused ? 'absent' : 'error', account, new ReanaError(refused ? 401 : account.status, account.message));
    }
  }

  private _set(state: ConnectionState, account: Account | null, error: ReanaError | null): void {
    this._state = state;
    // A server that is away may come back: nobody has to press a button for that.
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
