/** Dialog that lists the user's secrets and adds new ones; values are never shown. */

import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import * as React from 'react';

import { ReanaError } from '../api/errors';
import { Secrets } from '../model/secrets';
import type { IReana } from '../tokens';
import { Button } from '../ui/components';
import { useObserved } from '../ui/observe';
import { errorSentence, useTranslator, Words } from '../ui/texts';

/** Shows the dialog until it is closed. Rejects if the secrets cannot be loaded. */
export async function showSecrets({ trans, api }: IReana): Promise<void> {
  const secrets = new Secrets(api.secrets);
  await secrets.load().catch((error: unknown) => {
    if (error instanceof ReanaError && error.status === 403) {
      const advice = trans.__(
        'This token cannot manage secrets. Use your REANA profile page, or connect with another token.'
      );
      throw new ReanaError(403, `${advice} ${error.message}`.trim());
    }
    throw error;
  });
  let more = true;
  // Each button closes a dialog, so it is shown again after a change.
  while (more) {
    const { button } = await showDialog({
      title: trans.__('Secrets for the steps'),
      body: ReactWidget.create(
        <Words.Provider value={trans}>
          <SecretsView secrets={secrets} />
        </Words.Provider>
      ),
      buttons: [Dialog.cancelButton({ label: trans.__('Close') }), Dialog.okButton({ label: trans.__('Save') })],
      focusNodeSelector: '.jp-Reana-newSecret input'
    });
    more = button.accept;
    if (more) {
      await secrets.keep();
    }
  }
}

function SecretsView({ secrets }: { secrets: Secrets }): React.JSX.Element {
  const trans = useTranslator();
  useObserved(secrets);
  return (
    <div className="jp-Reana jp-Reana-dialog">
      <p>
        {trans.__(
          'Passwords and keys for the steps of your workflows, passed as variables or files. Values cannot be read again after you save them.'
        )}
      </p>
      <Kept secrets={secrets} />
      <NewSecretView secrets={secrets} />
      {secrets.error ? (
        <p className="jp-Reana-fieldError" role="alert">
          {errorSentence(trans, secrets.error)}
        </p>
      ) : null}
    </div>
  );
}

function Kept({ secrets }: { secrets: Secrets }): React.JSX.Element {
  const trans = useTranslator();
  if (secrets.items.length === 0) {
    return <p className="jp-Reana-dim">{trans.__('No secrets yet.')}</p>;
  }
  return (
    <ul className="jp-Reana-profiles" aria-label={trans.__('Saved secrets')}>
      {secrets.items.map(({ name, kind }) => (
        <li key={name}>
          <span title={name}>
            {name} <span className="jp-Reana-dim">{kind === 'file' ? trans.__('File') : trans.__('Variable')}</span>
          </span>
          <Button
            kind={secrets.pendingDeletion === name ? 'warn' : undefined}
            aria-label={
              secrets.pendingDeletion === name ? trans.__('Delete %1 permanently', name) : trans.__('Delete %1', name)
            }
            onClick={() => void secrets.forget(name)}
          >
            {secrets.pendingDeletion === name ? trans.__('Delete permanently') : trans.__('Delete…')}
          </Button>
        </li>
      ))}
    </ul>
  );
}

interface EntryProps {
  readonly secrets: Secrets;
  readonly id: string;
}

function NewSecretView({ secrets }: { secrets: Secrets }): React.JSX.Element {
  const trans = useTranslator();
  const id = React.useId();
  return (
    <div className="jp-Reana-newSecret" role="group" aria-label={trans.__('New secret')}>
      <NameLine secrets={secrets} id={`${id}-name`} />
      <KindLine secrets={secrets} id={`${id}-kind`} />
      <ValueLine secrets={secrets} id={`${id}-value`} />
      <label className="jp-Reana-keep">
        <input
          type="checkbox"
          checked={secrets.replaces}
          onChange={({ target }) => secrets.change({ replaces: target.checked })}
        />
        {trans.__('Replace an existing secret with this name')}
      </label>
    </div>
  );
}

function NameLine({ secrets, id }: EntryProps): React.JSX.Element {
  const trans = useTranslator();
  const { kind, name, nameIsWrong } = secrets;
  return (
    <Line id={id} label={trans.__('Name')}>
      <input
        id={id}
        className="jp-mod-styled"
        spellCheck={false}
        autoComplete="off"
        value={name}
        aria-invalid={nameIsWrong}
        aria-describedby={nameIsWrong ? `${id}-wrong` : undefined}
        onChange={({ target }) => secrets.change({ name: target.value })}
      />
      {nameIsWrong ? (
        <span className="jp-Reana-fieldError" id={`${id}-wrong`} role="alert">
          {kind === 'env'
            ? trans.__('Use only letters, digits and “_”, and do not start with a digit.')
            : trans.__('Names must not contain slashes.')}
        </span>
      ) : null}
    </Line>
  );
}

function KindLine({ secrets, id }: EntryProps): React.JSX.Element {
  const trans = useTranslator();
  return (
    <Line id={id} label={trans.__('Type')}>
      <select
        id={id}
        className="jp-mod-styled"
        value={secrets.kind}
        onChange={({ target }) => secrets.change({ kind: target.value === 'file' ? 'file' : 'env' })}
      >
        <option value="env">{trans.__('Variable')}</option>
        <option value="file">{trans.__('File')}</option>
      </select>
    </Line>
  );
}

function ValueLine({ secrets, id }: EntryProps): React.JSX.Element {
  const trans = useTranslator();
  return (
    <Line id={id} label={trans.__('Value')}>
      {secrets.kind === 'env' ? (
        <input
          id={id}
          className="jp-mod-styled"
          type="password"
          // Browsers may ignore "off" for passwords; with this value they fill in no saved one.
          autoComplete="new-password"
          value={secrets.value}
          onChange={({ target }) => secrets.change({ value: target.value })}
        />
      ) : (
        <input id={id} type="file" onChange={({ target }) => secrets.change({ file: target.files?.[0] ?? null })} />
      )}
    </Line>
  );
}

function Line(props: { id: string; label: string; children: React.ReactNode }): React.JSX.Element {
  return (
    <div className="jp-Reana-field">
      <label htmlFor={props.id}>{props.label}</label>
      {props.children}
    </div>
  );
}
