/** The runs of a page, one button each, with arrow key navigation. */

import * as React from 'react';

import { fullName, isMoving, type Run } from '../api/values';
import { ago, clock, duration, exact } from '../model/time';
import { Progress, StatusBadge } from '../ui/components';
import { useNow } from '../ui/observe';
import { language, statusLabel, useTranslator } from '../ui/texts';

interface RowsProps {
  readonly runs: readonly Run[];
  /** E-mail address of the connected account. */
  readonly me: string;
  readonly open: (run: Run) => void;
}

export function RunRows({ runs, me, open }: RowsProps): React.JSX.Element {
  const trans = useTranslator();
  const now = useNow(runs.some(run => isMoving(run.status)));
  return (
    <ul className="jp-Reana-rows" aria-label={trans.__('Runs')} onKeyDown={walk}>
      {runs.map(run => (
        <li key={run.id}>
          <RunRow run={run} shared={run.owner !== '' && run.owner !== me} now={now} open={open} />
        </li>
      ))}
    </ul>
  );
}

interface RowProps {
  readonly run: Run;
  readonly shared: boolean;
  readonly now: number;
  readonly open: (run: Run) => void;
}

function RunRow({ run, shared, now, open }: RowProps): React.JSX.Element {
  const trans = useTranslator();
  const moving = isMoving(run.status);
  const took = duration(run, moving, now);
  const done = trans.__('%1 of %2 commands done', String(run.finishedJobs), String(run.totalJobs));
  const when = run.createdAt;
  return (
    <button type="button" className="jp-Reana-row" data-run-id={run.id} onClick={() => open(run)}>
      <span className="jp-Reana-rowTop">
        <span className="jp-Reana-name" title={fullName(run)}>
          {run.name}
        </span>
        {run.run ? <span className="jp-Reana-run">#{run.run}</span> : null}
        <StatusBadge status={run.status} word={statusLabel(trans, run.status)} />
      </span>
      {shared ? <span className="jp-Reana-shared">{trans.__('shared by %1', run.owner)}</span> : null}
      <span className="jp-Reana-rowBottom">
        {moving && run.totalJobs > 0 ? (
          <>
            <Progress value={run.finishedJobs} total={run.totalJobs} label={done} status={run.status} />
            <span title={done}>
              {run.finishedJobs}/{run.totalJobs}
            </span>
          </>
        ) : (
          <span className="jp-Reana-when" title={exact(when, language())}>
            {ago(when, now, language())}
          </span>
        )}
        {took === null ? null : <span className="jp-Reana-took">{clock(took)}</span>}
      </span>
    </button>
  );
}

/** Arrow keys, Home and End move between rows. */
function walk(event: React.KeyboardEvent<HTMLUListElement>): void {
  const rows = Array.from(event.currentTarget.querySelectorAll<HTMLElement>('.jp-Reana-row'));
  const here = rows.indexOf(document.activeElement as HTMLElement);
  const targets: Readonly<Record<string, number>> = {
    ArrowDown: Math.min(here + 1, rows.length - 1),
    ArrowUp: Math.max(here - 1, 0),
    Home: 0,
    End: rows.length - 1
  };
  const target = targets[event.key];
  if (target !== undefined) {
    event.preventDefault();
    rows[target]?.focus();
  }
}
