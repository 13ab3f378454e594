/** Not connected: two fields, where to get a token, and the servers that are kept. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ReanaError } from '../api/errors';
import type { Profile } from '../api/values';
import type { Connection } from '../model/connection';
import { Button } from '../ui/bricks';
import { pictures } from '../ui/icons';
import { useObserved } from '../ui/observe';
import { errorAdvice, errorSentence, useWords } from '../ui/words';

export function Connect({ connection, done }: { connection: Connection; done: () => void }): React.JSX.Element {
  const trans = useWords();
  useObserved(connection);
  const [trouble, setTrouble] = React.useState(connection.error ? errorSentence(trans, connection.error) : '');
  const [busy, setBusy] = React.useState(false);
  const attempt = async (act: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setTrouble('');
    try {
      await act();
      done();
    } catch (error) {
      setTrouble(error instanceof ReanaError ? errorSentence(trans, error) : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="jp-Reana-scroll jp-Reana-connect">
      <pictures.disconnected.react tag="span" className="jp-Reana-picture" aria-hidden />
      <p className="jp-Reana-stateTitle">{trans.__('Connect to REANA')}</p>
      <p>{trans.__('REANA runs workflows on a cluster. Tell which server is yours, and who you are there.')}</p>
      <Profiles
        profiles={connection.profiles}
        busy={busy}
        use={name => void attempt(() => connection.useProfile(name))}
        forget={name => void connection.forget(name)}
      />
      <Form connection={connection} busy={busy} attempt={attempt} />
      {trouble ? (
        <p className="jp-Reana-fieldError" role="alert">
          {trouble}
        </p>
      ) : null}
    </div>
  );
}

interface FormProps {
  readonly connection: Connection;
  readonly busy: boolean;
  readonly attempt: (act: () => Promise<void>) => Promise<void>;
}

function Form({ connection, busy, attempt }: FormProps): React.JSX.Element {
  const trans = useWords();
  const [server, setServer] = React.useState(connection.account?.server ?? '');
  const [token, setToken] = React.useState('');
  const [keep, setKeep] = React.useState(false);
  const submit = (event: React.FormEvent): void => {
    event.preventDefault();
    const keepAs = keep ? profileName(server) : '';
    void attempt(() => connection.connect({ server: server.trim(), token: token.trim(), keepAs }));
  };
  const profile = /^https?:\/\/\S+$/.test(server.trim()) ? `${server.trim().replace(/\/+$/, '')}/profile` : '';
  return (
    <form className="jp-Reana-form" onSubmit={submit}>
      <label>
        {trans.__('Address of the server')}
        <input
          className="jp-mod-styled"
          type="url"
          required
          placeholder="https://reana.example.org"
          value={server}
          onChange={({ target }) => setServer(target.value)}
        />
      </label>
      <label>
        {trans.__('Access token')}
        <input
          className="jp-mod-styled"
          type="password"
          required
          autoComplete="off"
          value={token}
          onChange={({ target }) => setToken(target.value)}
        />
      </label>
      <p className="jp-Reana-hint">
        {trans.__('The token stands on your profile page in REANA.')}{' '}
        {profile ? (
          <a href={profile} target="_blank" rel="noreferrer noopener">
            {trans.__('Open it')}
          </a>
        ) : null}
      </p>
      <label className="jp-Reana-check">
        <input type="checkbox" checked={keep} onChange={({ target }) => setKeep(target.checked)} />
        {trans.__('Keep it for the next time, readable by me alone')}
      </label>
      <Button kind="accept" type="submit" disabled={busy}>
        {busy ? trans.__('Connecting…') : trans.__('Connect')}
      </Button>
    </form>
  );
}

/** The host is the name under which a server is kept. */
function profileName(server: string): string {
  try {
    return new URL(server.trim()).host;
  } catch {
    return server.trim();
  }
}

interface ProfilesProps {
  readonly profiles: readonly Profile[];
  readonly busy: boolean;
  readonly use: (name: string) => void;
  readonly forget: (name: string) => void;
}

function Profiles({ profiles, busy, use, forget }: ProfilesProps): React.JSX.Element | null {
  const trans = useWords();
  if (profiles.length === 0) {
    return null;
  }
  return (
    <ul className="jp-Reana-profiles" aria-label={trans.__('Kept servers')}>
      {profiles.map(({ name, server, active, fixed }) => (
        <li key={name}>
          <span title={server}>
            {fixed ? outside(trans, name) : name}
            {active ? ` (${trans.__('in use')})` : ''}
          </span>
          <Button disabled={busy} onClick={() => use(name)}>
            {trans.__('Use')}
          </Button>
          {fixed ? null : (
            <Button disabled={busy} onClick={() => forget(name)} aria-label={trans.__('Forget %1', name)}>
              {trans.__('Forget')}
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

function outside(trans: TranslationBundle, name: string): string {
  return name === 'launcher' ? trans.__('this server’s own REANA') : trans.__('from the environment');
}

/** Whether REANA is there could not be asked. */
export function NoAnswer({ connection }: { connection: Connection }): React.JSX.Element {
  const trans = useWords();
  const error = connection.error ?? new ReanaError(0, '');
  return (
    <div className="jp-Reana-state" role="alert">
      <pictures.failed.react tag="span" className="jp-Reana-picture" aria-hidden />
      <p className="jp-Reana-stateTitle">{errorSentence(trans, error)}</p>
      <p>{errorAdvice(trans, error)}</p>
      <div className="jp-Reana-stateActions">
        <Button onClick={() => void connection.load()}>{trans.__('Try again')}</Button>
      </div>
    </div>
  );
}
