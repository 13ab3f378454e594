/** State of the sharing dialog: users who can view a run. */

import type { RunsApi } from '../api/runs';
import type { Share } from '../api/values';
import { EditableList } from './editable';

export class Sharing extends EditableList<Share> {
  constructor(
    private readonly _api: Pick<RunsApi, 'shares' | 'share' | 'unshare'>,
    private readonly _id: string
  ) {
    super();
  }

  /** Typed e-mail address of the next user. */
  get email(): string {
    return this._email;
  }

  set email(email: string) {
    this._email = email;
    this.emitChanged();
  }

  /** Share with the typed address. Never rejects. */
  async share(): Promise<void> {
    const email = this._email.trim();
    if (email) {
      await this.apply(() => this._api.share(this._id, email));
      // A rejected address stays in the field for correction.
      this.email = this.error ? email : '';
    }
  }

  /** Never rejects. */
  async unshare(email: string): Promise<void> {
    await this.apply(() => this._api.unshare(this._id, email));
  }

  protected override fetch(): Promise<readonly Share[]> {
    return this._api.shares(this._id);
  }

  private _email = '';
}
