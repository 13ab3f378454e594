/** Overview of a run: progress, timeline, parameters and results. */

import * as React from 'react';

import { isMoving, type Job, type Logs, type Run } from '../api/values';
import { parametersOf } from '../model/compare';
import type { OpenRun } from '../model/openrun';
import { engineReason, failedInEngine, failedStep, progress, results, timeline } from '../model/steps';
import { clock, exact, size } from '../model/time';
import { Progress, StatusBadge } from '../ui/components';
import { EnvironmentNote } from '../ui/environment';
import { useNow } from '../ui/observe';
import { language, statusLabel, useTranslator } from '../ui/texts';
import { ENGINE, type RunProps } from './context';
import { Loaded } from './states';

export function Overview(props: RunProps): React.JSX.Element {
  const trans = useTranslator();
  const { run } = props;
  const value = run.run.value;
  return (
    <div className="jp-Reana-overview">
      {value ? <RunProgress value={value} /> : null}
      <FailureSummary {...props} />
      <section aria-label={trans.__('Steps')}>
        <h3>{trans.__('Steps')}</h3>
        <EnvironmentNote
          connection={props.reana.connection}
          images={(run.logs.value?.jobs ?? []).map(({ image }) => image).filter(Boolean)}
        />
        <Loaded part={run.logs} show={logs => <Timeline {...props} jobs={logs.jobs} />} />
      </section>
      <Results {...props} />
      <Parameters {...props} />
      {value ? <Facts value={value} /> : null}
    </div>
  );
}

function RunProgress({ value }: { value: Run }): React.JSX.Element {
  const trans = useTranslator();
  const { done, total } = progress(value);
  const label = total > 0 ? trans.__('%1 of %2 commands done', String(done), String(total)) : trans.__('No steps yet');
  return (
    <div className="jp-Reana-howFar" data-status={value.status}>
      <Progress value={done} total={total} label={label} status={value.status} />
      <span>{label}</span>
    </div>
  );
}

const LAST_LINES = 8;

/** The last lines of the failed step or of the engine. */
function FailureSummary({ run }: RunProps): React.JSX.Element | null {
  const trans = useTranslator();
  const status = run.run.value?.status ?? '';
  const logs = run.logs.value;
  if (logs && failedInEngine(status, logs)) {
    return <EngineFailure run={run} logs={logs} />;
  }
  const job = status === 'failed' ? failedStep(logs) : null;
  if (!job) {
    return null;
  }
  const last = job.log.trimEnd().split('\n').slice(-LAST_LINES).join('\n');
  return (
    <section className="jp-Reana-failedEnd" aria-label={trans.__('Reason for the failure')}>
      <h3>{trans.__('Failed at step “%1”', job.name)}</h3>
      {last ? <pre tabIndex={0}>{last}</pre> : <p>{trans.__('The step wrote no output.')}</p>}
      <button type="button" className="jp-Reana-link" onClick={() => run.show('logs', job.id)}>
        {trans.__('Show full log')}
      </button>
    </section>
  );
}

function EngineFailure({ run, logs }: { run: OpenRun; logs: Logs }): React.JSX.Element {
  const trans = useTranslator();
  const last = engineReason(logs, LAST_LINES);
  return (
    <section className="jp-Reana-failedEnd" aria-label={trans.__('Reason for the failure')}>
      <h3>
        {logs.jobs.length === 0
          ? trans.__('Failed in the workflow engine, before any step')
          : trans.__('Failed in the workflow engine, not in a step')}
      </h3>
      {last ? (
        <pre tabIndex={0}>{last}</pre>
      ) : (
        <p>{trans.__('The workflow engine wrote no log. Contact the administrator of the server.')}</p>
      )}
      <button type="button" className="jp-Reana-link" onClick={() => run.show('logs', ENGINE)}>
        {trans.__('Show full log')}
      </button>
    </section>
  );
}

function Timeline({ run, jobs }: RunProps & { readonly jobs: readonly Job[] }): React.JSX.Element {
  const trans = useTranslator();
  const now = useNow(jobs.some(job => isMoving(job.status)));
  if (jobs.length === 0) {
    return <p className="jp-Reana-dim">{trans.__('No steps have started.')}</p>;
  }
  return (
    <ul className="jp-Reana-timeline">
      {timeline(jobs, now).map(({ job, from, width, took }) => (
        <li key={job.id} data-status={job.status}>
          <button
            type="button"
            onClick={() => run.show('logs', job.id)}
            title={trans.__('Show the log of %1', job.name)}
          >
            <span className="jp-Reana-name">{job.name}</span>
            <span className="jp-Reana-track" aria-hidden>
              <span style={{ marginLeft: `${100 * from}%`, width: `max(3px, ${100 * width}%)` }} />
            </span>
            <span className="jp-Reana-took">{took === null ? '' : clock(took)}</span>
            <StatusBadge status={job.status} word={statusLabel(trans, job.status)} />
          </button>
        </li>
      ))}
    </ul>
  );
}

const MAX_RESULTS = 12;

function Results({ run, openFile }: RunProps): React.JSX.Element | null {
  const trans = useTranslator();
  const found = results(run.specification.value?.specification ?? {}, run.files.value ?? []);
  if (found.length === 0) {
    return null;
  }
  return (
    <section aria-label={trans.__('Results')}>
      <h3>{trans.__('Results')}</h3>
      <ul className="jp-Reana-results">
        {found.slice(0, MAX_RESULTS).map(file => (
          <li key={file.name}>
            <button type="button" className="jp-Reana-link" onClick={() => openFile(file.name)}>
              {file.name}
            </button>{' '}
            <span className="jp-Reana-dim">{size(file.size, language())}</span>
          </li>
        ))}
      </ul>
      {found.length > MAX_RESULTS ? (
        <button type="button" className="jp-Reana-link" onClick={() => run.show('files')}>
          {trans.__('%1 more', String(found.length - MAX_RESULTS))}
        </button>
      ) : null}
    </section>
  );
}

/** Effective parameters; overrides are marked. */
function Parameters({ run }: RunProps): React.JSX.Element | null {
  const trans = useTranslator();
  const known = run.specification.value;
  const all = known ? parametersOf(known) : {};
  if (Object.keys(all).length === 0) {
    return null;
  }
  return (
    <section aria-label={trans.__('Parameters')}>
      <h3>{trans.__('Parameters')}</h3>
      <dl className="jp-Reana-facts">
        {Object.entries(all).map(([name, value]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd>
              <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>
              {known && name in known.parameters ? <em> {trans.__('changed for this run')}</em> : null}
            </dd>
          </React.Fragment>
        ))}
      </dl>
    </section>
  );
}

function Facts({ value }: { value: Run }): React.JSX.Element {
  const trans = useTranslator();
  const facts: readonly (readonly [string, string])[] = [
    [trans.__('Created'), exact(value.createdAt, language())],
    [trans.__('Started'), exact(value.startedAt, language())],
    [trans.__('Ended'), exact(value.finishedAt ?? value.stoppedAt, language())],
    [trans.__('Identifier'), value.id]
  ];
  return (
    <section aria-label={trans.__('Times')}>
      <h3>{trans.__('Times')}</h3>
      <dl className="jp-Reana-facts">
        {facts
          .filter(([, fact]) => fact)
          .map(([name, fact]) => (
            <React.Fragment key={name}>
              <dt>{name}</dt>
              <dd>{fact}</dd>
            </React.Fragment>
          ))}
      </dl>
    </section>
  );
}
