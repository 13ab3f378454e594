/** The form to connect: server, token and saved servers. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ReanaError } from '../api/errors';
import type { Profile } from '../api/values';
import type { Connection } from '../model/connection';
import { Button, StatePane } from '../ui/components';
import { pictures } from '../ui/icons';
import { useObserved } from '../ui/observe';
import { errorAdvice, errorSentence, hostOf, useTranslator } from '../ui/texts';

export function Connect({ connection, done }: { connection: Connection; done: () => void }): React.JSX.Element {
  const trans = useTranslator();
  useObserved(connection);
  const [trouble, setTrouble] = React.useState(connection.error);
  const [busy, setBusy] = React.useState(false);
  const attempt = async (act: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setTrouble(null);
    try {
      await act();
      done();
    } catch (error) {
      setTrouble(error instanceof ReanaError ? error : new ReanaError(0, String(error)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="jp-Reana-scroll jp-Reana-connect">
      <pictures.disconnected.react tag="span" className="jp-Reana-picture" aria-hidden />
      <p className="jp-Reana-stateTitle">{trans.__('Connect to REANA')}</p>
      <p>{trans.__('REANA runs workflows on a cluster. Enter the address of your server and your access token.')}</p>
      <Profiles
        profiles={connection.profiles}
        busy={busy}
        use={name => void attempt(() => connection.useProfile(name))}
        forget={name => void connection.forget(name)}
      />
      {trouble ? (
        <p className="jp-Reana-fieldError" role="alert" ref={scrollIntoView}>
          {errorSentence(trans, trouble)}
        </p>
      ) : null}
      <Form connection={connection} busy={busy} attempt={attempt} untrusted={trouble?.reason === 'certificate'} />
    </div>
  );
}

function scrollIntoView(node: HTMLElement | null): void {
  node?.scrollIntoView({ block: 'nearest' });
}

interface FormProps {
  readonly connection: Connection;
  readonly busy: boolean;
  readonly attempt: (act: () => Promise<void>) => Promise<void>;
  /** The server's certificate is signed by an unknown authority. */
  readonly untrusted: boolean;
}

function Form({ connection, busy, attempt, untrusted }: FormProps): React.JSX.Element {
  const trans = useTranslator();
  const [server, setServer] = React.useState(connection.account?.server ?? '');
  const [token, setToken] = React.useState('');
  const [caFile, setCaFile] = React.useState(connection.profiles.find(({ active }) => active)?.caFile ?? '');
  const [keep, setKeep] = React.useState(false);
  const [name, setName] = React.useState('');
  const submit = (event: React.FormEvent): void => {
    event.preventDefault();
    const [typed, file] = [{ server: server.trim(), token: token.trim() }, caFile.trim()];
    void attempt(() => connection.connect({ ...typed, caFile: file, keep, name: name.trim() }));
  };
  const example = { type: 'url', placeholder: 'https://reana.example.org' };
  const secret = { type: 'password', autoComplete: 'off' };
  return (
    <form className="jp-Reana-form" onSubmit={submit}>
      <TextField label={trans.__('Server address')} value={server} change={setServer} input={example} />
      <TextField label={trans.__('Access token')} value={token} change={setToken} input={secret} />
      <TokenHint server={server.trim()} />
      <Certificate value={caFile} change={setCaFile} wanted={untrusted} />
      <label className="jp-Reana-keep">
        <input type="checkbox" checked={keep} onChange={({ target }) => setKeep(target.checked)} />
        {trans.__('Remember this server (only you can read the token)')}
      </label>
      {keep ? (
        <TextField
          label={trans.__('Name (optional)')}
          value={name}
          change={setName}
          input={{ required: false, placeholder: trans.__('account and server') }}
        />
      ) : null}
      <Button kind="accept" type="submit" disabled={busy}>
        {busy ? trans.__('Connecting…') : trans.__('Connect')}
      </Button>
    </form>
  );
}

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly change: (value: string) => void;
  readonly input: React.InputHTMLAttributes<HTMLInputElement>;
}

function TextField({ label, value, change, input }: TextFieldProps): React.JSX.Element {
  return (
    <label>
      {label}
      <input
        className="jp-mod-styled"
        required
        spellCheck={false}
        value={value}
        onChange={({ target }) => change(target.value)}
        {...input}
      />
    </label>
  );
}

/** Rarely needed: opens by itself after the server's certificate was rejected. */
function Certificate({ value, change, wanted }: CertificateProps): React.JSX.Element {
  const trans = useTranslator();
  const [open, setOpen] = React.useState(value !== '');
  React.useEffect(() => {
    if (wanted) {
      setOpen(true);
    }
  }, [wanted]);
  const input = { required: false, placeholder: '/etc/ssl/certs/site-ca.pem' };
  return (
    <details className="jp-Reana-more" open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{trans.__('Custom CA certificate')}</summary>
      <TextField label={trans.__('Certificate file (PEM)')} value={value} change={change} input={input} />
      <p className="jp-Reana-hint">
        {trans.__('The path on the Jupyter server: absolute, starting with “~”, or as shown in the file browser.')}
      </p>
    </details>
  );
}

interface CertificateProps {
  readonly value: string;
  readonly change: (value: string) => void;
  readonly wanted: boolean;
}

/** Where to find a token; links to it once the address is valid. */
function TokenHint({ server }: { server: string }): React.JSX.Element {
  const trans = useTranslator();
  // Only http(s): a typed `javascript:` address must not become a link.
  const profile = /^https?:\/\/\S+$/.test(server) ? `${server.replace(/\/+$/, '')}/profile` : '';
  return (
    <p className="jp-Reana-hint">
      {trans.__('You can find the token on your REANA profile page.')}{' '}
      {profile ? (
        <a href={profile} target="_blank" rel="noreferrer noopener">
          {trans.__('Open profile page')}
        </a>
      ) : null}
    </p>
  );
}

interface ProfilesProps {
  readonly profiles: readonly Profile[];
  readonly busy: boolean;
  readonly use: (name: string) => void;
  readonly forget: (name: string) => void;
}

function Profiles({ profiles, busy, use, forget }: ProfilesProps): React.JSX.Element | null {
  const trans = useTranslator();
  if (profiles.length === 0) {
    return null;
  }
  return (
    <ul className="jp-Reana-profiles" aria-label={trans.__('Saved servers')}>
      {profiles.map(({ name, server, account, active, fixed }) => (
        <li key={name}>
          <span title={server}>
            {fixed ? outside(trans, name) : account && name.startsWith(account) ? account : name}
            {active ? ` (${trans.__('in use')})` : ''}
            <span className="jp-Reana-dim">
              {account && !name.startsWith(account) ? `${account} · ` : ''}
              {hostOf(server)}
            </span>
          </span>
          {active ? null : (
            <Button disabled={busy} onClick={() => use(name)}>
              {trans.__('Use')}
            </Button>
          )}
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
  return name === 'launcher' ? trans.__('this server’s own REANA') : trans.__('from environment variables');
}

/** Shown if there are credentials but no connection. */
export function ConnectionFailed({
  connection,
  change
}: {
  connection: Connection;
  change: () => void;
}): React.JSX.Element {
  const trans = useTranslator();
  const error = connection.error ?? new ReanaError(0, '');
  return (
    <StatePane urgent picture={pictures.failed} title={errorSentence(trans, error)} text={errorAdvice(trans, error)}>
      <Button kind="accept" onClick={() => void connection.load()}>
        {trans.__('Try again')}
      </Button>{' '}
      <Button onClick={change}>{trans.__('Use another server')}</Button>
    </StatePane>
  );
}
