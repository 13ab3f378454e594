/** The run list with its loading, empty and error states. */

import * as React from 'react';

import { ReanaError } from '../api/errors';
import type { Account, Run } from '../api/values';
import type { RunList } from '../model/runlist';
import { Button, Skeleton, StatePane } from '../ui/components';
import { pictures } from '../ui/icons';
import { useObserved } from '../ui/observe';
import { errorAdvice, errorSentence, useTranslator } from '../ui/texts';
import { Filters } from './filters';
import { Pager } from './pager';
import { RunRows } from './rows';

interface ListProps {
  readonly runs: RunList;
  readonly open: (run: Run) => void;
  readonly create: () => void;
  readonly account: Account | null;
}

export function List({ runs, open, create, account }: ListProps): React.JSX.Element {
  useObserved(runs);
  const { page, error } = runs;
  const busy = runs.loading && page !== null;
  return (
    <>
      {page || !error ? <Filters runs={runs} sharing={account?.sharing === true} /> : null}
      {page && error ? <ErrorLine runs={runs} error={error} /> : null}
      <div className="jp-Reana-scroll" aria-busy={busy}>
        <Content runs={runs} open={open} create={create} account={account} />
      </div>
      <Pager runs={runs} />
    </>
  );
}

function Content({ runs, open, create, account }: ListProps): React.JSX.Element {
  const trans = useTranslator();
  const { page, error } = runs;
  if (!page) {
    return error ? <Failure runs={runs} error={error} /> : <Skeleton rows={6} label={trans.__('Loading runs')} />;
  }
  if (page.items.length > 0) {
    return <RunRows runs={page.items} me={account?.email ?? ''} open={open} />;
  }
  if (runs.query.sharedBy && runs.query.search === '' && runs.query.status.length === 0) {
    return <NoSharedRuns runs={runs} />;
  }
  return runs.filtered ? <NoMatches runs={runs} /> : <NoRuns create={create} />;
}

function NoRuns({ create }: { create: () => void }): React.JSX.Element {
  const trans = useTranslator();
  return (
    <StatePane
      picture={pictures.empty}
      title={trans.__('No runs yet')}
      text={trans.__('A run executes the steps of a reana.yaml on REANA. Its logs and results appear here.')}
    >
      <Button kind="accept" onClick={create}>
        {trans.__('Start your first run')}
      </Button>
    </StatePane>
  );
}

function NoSharedRuns({ runs }: { runs: RunList }): React.JSX.Element {
  const trans = useTranslator();
  return (
    <StatePane
      picture={pictures.empty}
      title={trans.__('No runs are shared with you')}
      text={trans.__('Runs that other users share with you appear here. You can view them, but not change them.')}
    >
      <Button onClick={() => runs.ask({ sharedBy: '' })}>{trans.__('Show my runs')}</Button>
    </StatePane>
  );
}

function NoMatches({ runs }: { runs: RunList }): React.JSX.Element {
  const trans = useTranslator();
  return (
    <StatePane
      picture={pictures.filtered}
      title={trans.__('No matching runs')}
      text={trans.__('Search for part of the name, or select all statuses.')}
    >
      <Button onClick={() => runs.ask({ search: '', status: [], sharedBy: '' })}>{trans.__('Show all runs')}</Button>
    </StatePane>
  );
}

interface FailureProps {
  readonly runs: RunList;
  readonly error: ReanaError;
}

function Failure({ runs, error }: FailureProps): React.JSX.Element {
  const trans = useTranslator();
  return (
    <StatePane urgent picture={pictures.failed} title={errorSentence(trans, error)} text={errorAdvice(trans, error)}>
      <Button onClick={() => void runs.refresh()}>{trans.__('Try again')}</Button>
    </StatePane>
  );
}

/** The list stays visible below an error line. */
function ErrorLine({ runs, error }: FailureProps): React.JSX.Element {
  const trans = useTranslator();
  return (
    <div className="jp-Reana-trouble" role="alert">
      <span title={errorAdvice(trans, error)}>{errorSentence(trans, error)}</span>
      <Button onClick={() => void runs.refresh()}>{trans.__('Try again')}</Button>
    </div>
  );
}
