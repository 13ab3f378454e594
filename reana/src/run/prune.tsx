/** Dialog that prunes the workspace of a run. */

import { Dialog, Notification, ReactWidget, showDialog } from '@jupyterlab/apputils';
import * as React from 'react';

import type { Rule } from '../api/secrets';
import { fullName, type Run } from '../api/values';
import type { IReana } from '../tokens';
import { useTranslator, Words } from '../ui/texts';

class Choice {
  inputs = false;
  outputs = false;
}

/** Rejects on failure. */
export async function askAndPrune({ trans, api }: IReana, run: Run): Promise<void> {
  // The dialog writes into `choice`, which is read after it has closed.
  const [choice, rules] = [new Choice(), await api.secrets.rules(run.id)];
  const { button } = await showDialog({
    title: trans.__('Prune %1?', fullName(run)),
    body: ReactWidget.create(
      <Words.Provider value={trans}>
        <Question choice={choice} rules={rules} />
      </Words.Provider>
    ),
    buttons: [Dialog.cancelButton({ label: trans.__('Cancel') }), Dialog.warnButton({ label: trans.__('Prune') })],
    defaultButton: 0
  });
  if (button.accept) {
    await api.secrets.prune(run.id, choice.inputs, choice.outputs);
    Notification.success(trans.__('The workspace of %1 was pruned.', fullName(run)), { autoClose: 4000 });
  }
}

function Question({ choice, rules }: { choice: Choice; rules: readonly Rule[] }): React.JSX.Element {
  const trans = useTranslator();
  const box = (key: keyof Choice, label: string): React.JSX.Element => (
    <label className="jp-Reana-keep">
      <input type="checkbox" onChange={({ target }) => (choice[key] = target.checked)} />
      {label}
    </label>
  );
  return (
    <div className="jp-Reana jp-Reana-dialog">
      <p>
        {trans.__(
          'This deletes every file in the workspace that is neither an input nor a result, and frees the disk space. This cannot be undone.'
        )}
      </p>
      {box('inputs', trans.__('Also delete the inputs'))}
      {box('outputs', trans.__('Also delete the results'))}
      {rules.length > 0 ? (
        <>
          <p className="jp-Reana-dim">{trans.__('REANA deletes these files automatically after the run ends:')}</p>
          <ul>
            {rules.map(({ files, days }) => (
              <li key={files}>
                <code>{files}</code> {trans.__('after %1 days', days)}
              </li>
            ))}
          </ul>
        </>
      ) : null}
    </div>
  );
}
