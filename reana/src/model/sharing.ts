/** Who else may read a run, and who shall. */

import { ReanaError } from '../api/errors';
import type { RunsApi } from '../api/runs';
import type { Share } from '../api/values';
import { Observable } from './observable';

export class Sharing extends Observable {
  constructor(
    private readonly _api: Pick<RunsApi, 'shares' | 'share' | 'unshare'>,
    private readonly _id: string
  ) {
    super();
  }

  get shares(): readonly Share[] {
    return this._shares;
  }

  /** Why the last change failed. */
  get error(): ReanaError | null {
    return this._error;
  }

  /** What is typed: the address of the next person. */
  get email(): string {
    return this._email;
  }

  set email(email: string) {
    this._email = email;
    this.tell();
  }

  /** Rejects when REANA does not tell. */
  async load(): Promise<void> {
    this._shares = await this._api.shares(this._id);
    this.tell();
  }

  /** Let in whose address is typed. Never rejects. */
  async share(): Promise<void> {
    const email = this._email.trim();
    if (email) {
      await this._change(() => this._api.share(this._id, email));
      this.email = this._error ? email : '';
    }
  }

  /** Never rejects. */
  async takeBack(email: string): Promise<void> {
    await this._change(() => this._api.unshare(this._id, email));
  }

  private async _change(act: () => Promise<void>): Promise<void> {
    this._error = null;
    try {
      await act();
      await this.load();
    } catch (error) {
      this._error = error instanceof ReanaError ? error : new ReanaError(0, '', String(error));
      this.tell();
    }
  }

  private _shares: readonly Share[] = [];
  private _error: ReanaError | null = null;
  private _email = '';
}
