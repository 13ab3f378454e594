/** Dialog that shares a run with other users. */

import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import * as React from 'react';

import { fullName, type Run } from '../api/values';
import { Sharing } from '../model/sharing';
import type { IReana } from '../tokens';
import { Button } from '../ui/components';
import { useObserved } from '../ui/observe';
import { errorSentence, useTranslator, Words } from '../ui/texts';

/** Shows the dialog until it is closed. Rejects if the shares cannot be loaded. */
export async function showShares({ trans, api }: IReana, run: Run): Promise<void> {
  const sharing = new Sharing(api.runs, run.id);
  await sharing.load();
  let more = true;
  // Each button closes a dialog, so it is shown again after a change.
  while (more) {
    const { button } = await showDialog({
      title: trans.__('Share %1', fullName(run)),
      body: ReactWidget.create(
        <Words.Provider value={trans}>
          <Shares sharing={sharing} />
        </Words.Provider>
      ),
      buttons: [Dialog.cancelButton({ label: trans.__('Close') }), Dialog.okButton({ label: trans.__('Share') })],
      focusNodeSelector: '.jp-Reana-shares input'
    });
    more = button.accept;
    if (more) {
      await sharing.share();
    }
  }
}

function Shares({ sharing }: { sharing: Sharing }): React.JSX.Element {
  const trans = useTranslator();
  useObserved(sharing);
  const { items, email, error } = sharing;
  return (
    <div className="jp-Reana jp-Reana-dialog jp-Reana-shares">
      <p>{trans.__('Users you share with can view the run, its logs and its files, but not change them.')}</p>
      <ul className="jp-Reana-profiles" aria-label={trans.__('Users who can view this run')}>
        {items.map(one => (
          <li key={one.email}>
            <span>
              {one.email}
              {one.until ? ` (${trans.__('until %1', one.until)})` : ''}
            </span>
            <Button aria-label={trans.__('Remove %1', one.email)} onClick={() => void sharing.unshare(one.email)}>
              {trans.__('Remove')}
            </Button>
          </li>
        ))}
      </ul>
      <input
        className="jp-mod-styled"
        type="email"
        aria-label={trans.__('E-mail address of the user')}
        placeholder="grace@example.org"
        value={email}
        onChange={({ target }) => (sharing.email = target.value)}
      />
      {error ? (
        <p className="jp-Reana-fieldError" role="alert">
          {errorSentence(trans, error)}
        </p>
      ) : null}
    </div>
  );
}
