/** The side panel: connection and run list. */

import type { CommandRegistry } from '@lumino/commands';
import { addIcon, refreshIcon, settingsIcon } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import * as React from 'react';

import { Commands, type IReana } from '../tokens';
import { Button, IconButton, Skeleton } from '../ui/components';
import { reanaIcon } from '../ui/icons';
import { useObserved, View } from '../ui/observe';
import { hostOf, useTranslator } from '../ui/texts';
import { Connect, ConnectionFailed } from './connect';
import { List } from './list';

interface PanelProps {
  readonly reana: IReana;
  readonly commands: CommandRegistry;
}

/** Polls only while it is visible. */
export class Panel extends View {
  constructor(private readonly _props: PanelProps) {
    super(_props.reana.trans, () => <PanelView {..._props} />);
    this.id = 'reana-jupyterlab:panel';
    this.title.icon = reanaIcon;
    this.title.caption = _props.reana.trans.__('REANA runs');
    this.addClass('jp-Reana-panel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', _props.reana.trans.__('REANA runs'));
    _props.reana.connection.changed.connect(this._pace, this);
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._pace();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._pace();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._pace();
  }

  private _pace(): void {
    const { connection, runs } = this._props.reana;
    const connected = connection.state === 'connected';
    // The form disappears once connected: move the focus to the list, unless the user moved it meanwhile.
    const focused = document.activeElement;
    if (connected && !runs.active && this.node.contains(focused)) {
      window.requestAnimationFrame(() => {
        if (document.activeElement === focused || document.activeElement === document.body) {
          this.activate();
        }
      });
    }
    runs.setActive(this.isVisible && connected);
  }
}

function PanelView({ reana, commands }: PanelProps): React.JSX.Element {
  const trans = useTranslator();
  const { connection, runs } = reana;
  useObserved(connection);
  const [changing, setChanging] = React.useState(false);
  const connected = connection.state === 'connected';
  const create = (): void => void commands.execute(Commands.create);
  const body = (): React.JSX.Element => {
    if (connected && !changing) {
      const open = (id: string): void => void commands.execute(Commands.open, { id });
      return <List {...{ runs, create, account: connection.account }} open={({ id }) => open(id)} />;
    }
    if (connection.state === 'loading') {
      return <Skeleton rows={4} label={trans.__('Checking the connection')} />;
    }
    const change = (): void => setChanging(true);
    return connection.state === 'error' && !changing ? (
      <ConnectionFailed connection={connection} change={change} />
    ) : (
      <>
        <Connect connection={connection} done={() => setChanging(false)} />
        {connected ? <PanelFooter reana={reana} commands={commands} /> : null}
      </>
    );
  };
  return (
    <>
      <Head connected={connected} changing={changing} setChanging={setChanging} commands={commands} />
      {connected ? <AccountLine reana={reana} /> : null}
      {body()}
    </>
  );
}

/** Secrets and notes of the connection, below its form. */
function PanelFooter({ reana, commands }: PanelProps): React.JSX.Element {
  const trans = useTranslator();
  const account = reana.connection.account;
  return (
    <footer className="jp-Reana-panelFoot">
      {account?.secrets ? (
        <Button onClick={() => void commands.execute(Commands.secrets)}>{trans.__('Secrets for the steps…')}</Button>
      ) : (
        <p className="jp-Reana-dim">
          {trans.__('This token cannot manage secrets. Manage them on your REANA profile page.')}
        </p>
      )}
      {account?.environments === false ? (
        <p className="jp-Reana-notice" role="note">
          {trans.__('This server has no container runtime: the environment of a step is ignored.')}
        </p>
      ) : null}
    </footer>
  );
}

interface HeadProps {
  readonly connected: boolean;
  readonly changing: boolean;
  readonly setChanging: (changing: boolean) => void;
  readonly commands: CommandRegistry;
}

function Head({ connected, changing, setChanging, commands }: HeadProps): React.JSX.Element {
  const trans = useTranslator();
  const run = (command: string) => (): void => void commands.execute(command);
  return (
    <header className="jp-Reana-header">
      <h2>{trans.__('REANA')}</h2>
      <IconButton icon={refreshIcon} label={trans.__('Refresh')} onClick={run(Commands.refresh)} />
      <IconButton icon={addIcon} label={trans.__('New run')} disabled={!connected} onClick={run(Commands.create)} />
      <IconButton
        icon={settingsIcon}
        label={trans.__('Connection')}
        pressed={connected ? changing : undefined}
        disabled={!connected}
        onClick={() => setChanging(!changing)}
      />
    </header>
  );
}

function AccountLine({ reana }: { reana: IReana }): React.JSX.Element | null {
  const account = reana.connection.account;
  if (!account) {
    return null;
  }
  const host = hostOf(account.server);
  return (
    <p className="jp-Reana-who" title={`${account.email}\n${account.server}\nREANA ${account.version}`}>
      <span>{account.email}</span> <span className="jp-Reana-dim">{host}</span>
    </p>
  );
}
