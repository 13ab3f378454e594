/** Logs of the engine and of each step; scrolls along while the run is active. */

import * as React from 'react';

import type { Logs } from '../api/values';
import { logPart, type LogPart } from '../model/loglines';
import { interestingStep } from '../model/steps';
import { StatusBadge } from '../ui/components';
import { SearchField } from '../ui/search';
import { statusLabel, useTranslator } from '../ui/texts';
import { ENGINE, type RunProps } from './context';
import { Loaded } from './states';

const SERVICE = 'service ';

/** The engine's log with its final report. */
function withReport({ engine, report }: Logs): string {
  return report ? [engine.trimEnd(), report].filter(Boolean).join('\n') : engine;
}

export function LogView(props: RunProps): React.JSX.Element {
  return <Loaded part={props.run.logs} show={logs => <StepLogs {...props} logs={logs} />} />;
}

function StepLogs({ run, logs }: RunProps & { readonly logs: Logs }): React.JSX.Element {
  const trans = useTranslator();
  const [search, setSearch] = React.useState('');
  const chosen = run.step || interestingStep(logs, run.run.value?.status ?? '')?.id || ENGINE;
  const job = logs.jobs.find(one => one.id === chosen);
  const steps = [
    ...logs.jobs.map(one => ({ id: one.id, name: one.name, status: one.status })),
    { id: ENGINE, name: trans.__('Workflow engine'), status: '' },
    ...logs.services.map(({ name }) => ({ id: `${SERVICE}${name}`, name: trans.__('Service %1', name), status: '' }))
  ];
  const service = logs.services.find(({ name }) => `${SERVICE}${name}` === chosen);
  return (
    <div className="jp-Reana-logs">
      <ul className="jp-Reana-stepList" aria-label={trans.__('Steps')}>
        {steps.map(({ id, name, status }) => (
          <li key={id}>
            <button type="button" aria-current={id === chosen} onClick={() => run.show('logs', id)}>
              <span className="jp-Reana-name">{name}</span>
              {status ? <StatusBadge status={status} word={statusLabel(trans, status)} /> : null}
            </button>
          </li>
        ))}
      </ul>
      <div className="jp-Reana-logPane">
        <div className="jp-Reana-logTools">
          <SearchField label={trans.__('Search in this log')} value={search} settle={setSearch} />
        </div>
        {job ? (
          <p className="jp-Reana-command">
            <code>{job.command}</code>
            <span className="jp-Reana-dim">
              {job.image} · {job.backend}
            </span>
          </p>
        ) : null}
        <Lines log={job?.log ?? service?.log ?? withReport(logs)} search={search} moving={run.moving} key={chosen} />
      </div>
    </div>
  );
}

interface LinesProps {
  readonly log: string;
  readonly search: string;
  readonly moving: boolean;
}

function Lines({ log, search, moving }: LinesProps): React.JSX.Element {
  const trans = useTranslator();
  const part = React.useMemo(() => logPart(log, search), [log, search]);
  const { pane, notice } = useEnd(part);
  return (
    <>
      {search ? (
        <p className="jp-Reana-dim" role="status">
          {trans._n('%1 line matches', '%1 lines match', part.matches)}
        </p>
      ) : null}
      <div
        className="jp-Reana-lines"
        ref={pane}
        onScroll={notice}
        tabIndex={0}
        role="log"
        aria-live={moving ? 'polite' : 'off'}
        aria-label={trans.__('Log')}
      >
        {part.left > 0 ? (
          <p className="jp-Reana-dim">{trans.__('%1 earlier lines are not shown', String(part.left))}</p>
        ) : null}
        {part.lines.map(({ number, text }) => (
          <div key={number} className="jp-Reana-line">
            <span aria-hidden>{number}</span>
            <span>{text}</span>
          </div>
        ))}
        {part.lines.length === 0 ? <NoLines search={search} moving={moving} /> : null}
      </div>
    </>
  );
}

/** Keeps scrolling to the end until the user scrolls away. */
function useEnd(part: LogPart): { pane: React.RefObject<HTMLDivElement>; notice: () => void } {
  const pane = React.useRef<HTMLDivElement>(null);
  const atEnd = React.useRef(true);
  // Before the browser paints, so that the log does not jump.
  React.useLayoutEffect(() => {
    if (pane.current && atEnd.current) {
      pane.current.scrollTop = pane.current.scrollHeight;
    }
  }, [part]);
  const notice = (): void => {
    const { scrollTop = 0, clientHeight = 0, scrollHeight = 0 } = pane.current ?? {};
    // Scroll positions may be fractional, so the end is not reached exactly.
    atEnd.current = scrollTop + clientHeight >= scrollHeight - 8;
  };
  return { pane, notice };
}

function NoLines({ search, moving }: { search: string; moving: boolean }): React.JSX.Element {
  const trans = useTranslator();
  if (search) {
    return <p className="jp-Reana-dim">{trans.__('No lines match “%1”.', search)}</p>;
  }
  return (
    <p className="jp-Reana-dim">
      {moving ? trans.__('No output yet. New lines appear here automatically.') : trans.__('No output.')}
    </p>
  );
}
