/** What is different between this run and another: parameters, specification, steps. */

import * as React from 'react';

import { fullName, type JsonObject, type Run, type Specification } from '../api/values';
import { diffLines, hunks, type Hunk } from '../model/diff';
import { Part } from '../model/part';
import { StatePane } from '../ui/bricks';
import { pictures } from '../ui/icons';
import { statusWord, useWords } from '../ui/words';
import type { RunProps } from './context';
import { asYaml } from './specification';
import { Loaded } from './states';

const CANDIDATES = 100;

export function Compare(props: RunProps): React.JSX.Element {
  const trans = useWords();
  const { run, reana } = props;
  const [other, setOther] = React.useState('');
  const candidates = usePart(
    () => signal => reana.api.runs.list({ page: 1, size: CANDIDATES, search: '', sort: 'desc', status: [] }, signal),
    [run]
  );
  return (
    <div className="jp-Reana-compare">
      <Loaded
        part={candidates}
        show={({ items }) => (
          <label>
            {trans.__('Compare with')}{' '}
            <select className="jp-mod-styled" value={other} onChange={({ target }) => setOther(target.value)}>
              <option value="">{trans.__('choose a run')}</option>
              {ranked(items, run.run.value).map(one => (
                <option key={one.id} value={one.id}>
                  {fullName(one)} ({statusWord(trans, one.status)})
                </option>
              ))}
            </select>
          </label>
        )}
      />
      {other ? (
        <Differences key={other} {...props} other={other} />
      ) : (
        <StatePane
          picture={pictures.filtered}
          title={trans.__('What changed between two runs?')}
          text={trans.__('Choose another run to see the parameters and lines that differ.')}
        />
      )}
    </div>
  );
}

/** Runs of the same workflow first. */
function ranked(runs: readonly Run[], self: Run | null): readonly Run[] {
  const others = runs.filter(({ id }) => id !== self?.id);
  return [...others.filter(one => one.name === self?.name), ...others.filter(one => one.name !== self?.name)];
}

function Differences({ run, reana, other }: RunProps & { readonly other: string }): React.JSX.Element {
  const theirs = usePart(() => signal => reana.api.runs.specification(other, signal), [other]);
  return (
    <Loaded
      part={run.specification}
      show={mine => <Loaded part={theirs} show={before => <Changes before={before} after={mine} />} />}
    />
  );
}

interface ChangesProps {
  readonly before: Specification;
  readonly after: Specification;
}

function Changes({ before, after }: ChangesProps): React.JSX.Element {
  const trans = useWords();
  const parts: readonly (readonly [string, JsonObject, JsonObject])[] = [
    [trans.__('Parameters that were changed for the run'), before.parameters, after.parameters],
    [trans.__('Specification'), before.specification, after.specification]
  ];
  return (
    <>
      <p className="jp-Reana-dim">
        {trans.__('Lines with − are only in the other run, lines with + only in this one.')}
      </p>
      {parts.map(([title, old, now]) => (
        <section key={title} aria-label={title}>
          <h3>{title}</h3>
          <Diff found={hunks(diffLines(spelled(old), spelled(now)))} />
        </section>
      ))}
    </>
  );
}

function spelled(value: JsonObject): string {
  return Object.keys(value).length > 0 ? asYaml(value) : '';
}

function Diff({ found }: { found: readonly Hunk[] }): React.JSX.Element {
  const trans = useWords();
  if (found.length === 0) {
    return <p className="jp-Reana-dim">{trans.__('No difference')}</p>;
  }
  const sign = { same: ' ', removed: '−', added: '+' } as const;
  return (
    <div className="jp-Reana-diff" tabIndex={0} role="group" aria-label={trans.__('Differences')}>
      {found.map((hunk, index) => (
        <React.Fragment key={index}>
          {hunk.skipped > 0 ? <p>{trans._n('%1 equal line', '%1 equal lines', hunk.skipped)}</p> : null}
          {hunk.lines.map((line, number) => (
            <div key={number} data-kind={line.kind}>
              <span aria-hidden>{line.before ?? ''}</span>
              <span aria-hidden>{line.after ?? ''}</span>
              <span>{sign[line.kind]}</span>
              <code>{line.text}</code>
            </div>
          ))}
        </React.Fragment>
      ))}
    </div>
  );
}

/** A part that belongs to the view: asked for when it appears, given up when it goes. */
function usePart<T>(make: () => (signal: AbortSignal) => Promise<T>, of: readonly unknown[]): Part<T> {
  const [, again] = React.useReducer((count: number) => count + 1, 0);
  const part = React.useMemo(() => new Part(make(), again), of);
  React.useEffect(() => {
    void part.load().catch(() => undefined);
    return () => part.cancel();
  }, [part]);
  return part;
}
