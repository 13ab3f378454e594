/** Header of a run: name, status, duration and actions. */

import * as React from 'react';

import { hasEnded, isMoving, type Run } from '../api/values';
import { ago, clock, duration, exact } from '../model/time';
import { Commands } from '../tokens';
import { Button, StatusBadge } from '../ui/components';
import { useNow, useObserved } from '../ui/observe';
import { useOwner } from './owner';
import { language, statusLabel, useTranslator } from '../ui/texts';
import type { RunProps } from './context';

export function Header(props: RunProps & { readonly value: Run }): React.JSX.Element {
  const trans = useTranslator();
  const { value } = props;
  const moving = isMoving(value.status);
  const now = useNow(moving);
  const took = duration(value, moving, now);
  return (
    <header className="jp-Reana-runHeader">
      <h2>
        {value.name} {value.run ? <span className="jp-Reana-dim">#{value.run}</span> : null}
      </h2>
      <StatusBadge status={value.status} word={statusLabel(trans, value.status)} />
      <span className="jp-Reana-dim">
        {took === null ? null : <span>{trans.__('run time %1', clock(took))} · </span>}
        <span title={exact(value.createdAt, language())}>{ago(value.createdAt, now, language())}</span>
      </span>
      <SharedBy {...props} />
      <Actions {...props} />
    </header>
  );
}

/** The owner of a run of another user. */
function SharedBy({ reana, run }: RunProps): React.JSX.Element | null {
  const trans = useTranslator();
  const owner = useOwner(reana, run);
  return owner ? (
    <span className="jp-Reana-shared" title={trans.__('You can view it, but not change it.')}>
      {trans.__('shared by %1', owner)}
    </span>
  ) : null;
}

function Actions({ reana, run, commands, value }: RunProps & { readonly value: Run }): React.JSX.Element {
  const trans = useTranslator();
  useObserved(reana.followed, reana.connection, reana.incomplete);
  const moving = isMoving(value.status);
  const mine = useOwner(reana, run) === '';
  const followed = reana.followed.has(value.id);
  const act = (command: string) => (): void => void commands.execute(command, { id: run.id });
  return (
    <span className="jp-Reana-actions">
      {moving ? (
        <Button aria-pressed={followed} onClick={act(Commands.follow)}>
          {followed ? trans.__('Following') : trans.__('Notify me when it ends')}
        </Button>
      ) : null}
      {mine && value.status === 'created' ? (
        <Button kind={reana.incomplete.get(run.id) ? 'plain' : 'accept'} onClick={act(Commands.start)}>
          {trans.__('Start')}
        </Button>
      ) : null}
      {mine && moving ? (
        <Button kind="warn" onClick={act(Commands.stop)}>
          {trans.__('Stop')}
        </Button>
      ) : null}
      {mine && hasEnded(value.status) ? (
        <Button kind="accept" onClick={act(Commands.restart)}>
          {trans.__('Restart…')}
        </Button>
      ) : null}
      {mine && reana.connection.account?.sharing && value.status !== 'deleted' ? (
        <Button onClick={act(Commands.share)}>{trans.__('Share…')}</Button>
      ) : null}
      {!mine || moving || value.status === 'deleted' ? null : (
        <Button onClick={act(Commands.remove)}>{trans.__('Delete…')}</Button>
      )}
    </span>
  );
}
