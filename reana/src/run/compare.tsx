/** Compares this run with another: parameters, files, specification. */

import * as React from 'react';

import { sharesWorkspace } from '../api/runs';
import { fullName, type FileChange, type FileChanges, type Json, type JsonObject } from '../api/values';
import type { Run, Specification } from '../api/values';
import { changedParameters, type ParameterChange } from '../model/compare';
import { diffLines, hunks, type Hunk } from '../model/diff';
import { Loadable } from '../model/loadable';
import { StatePane } from '../ui/components';
import { pictures } from '../ui/icons';
import { statusLabel, useTranslator } from '../ui/texts';
import type { RunProps } from './context';
import { toYaml } from './specification';
import { Loaded } from './states';

const CANDIDATES = 100;

export function Compare(props: RunProps): React.JSX.Element {
  const trans = useTranslator();
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
                  {fullName(one)} ({statusLabel(trans, one.status)})
                </option>
              ))}
            </select>
          </label>
        )}
      />
      {other ? (
        <Differences key={other} {...props} other={candidates.value?.items.find(({ id }) => id === other)} id={other} />
      ) : (
        <StatePane
          picture={pictures.filtered}
          title={trans.__('Compare two runs')}
          text={trans.__('Choose another run to see which parameters, files and lines differ.')}
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

interface DifferencesProps extends RunProps {
  readonly id: string;
  readonly other: Run | undefined;
}

function Differences({ run, reana, id, other }: DifferencesProps): React.JSX.Element {
  const trans = useTranslator();
  const theirs = usePart(() => signal => reana.api.runs.specification(id, signal), [id]);
  const files = usePart(() => signal => reana.api.runs.fileChanges(id, run.id, signal), [id, run.id]);
  const value = run.run.value;
  const shared = value !== null && other !== undefined && sharesWorkspace(value, other);
  return (
    <>
      <Loaded
        part={run.specification}
        show={mine => <Loaded part={theirs} show={before => <Parameters before={before} after={mine} />} />}
      />
      <section aria-label={trans.__('Files')}>
        <h3>{trans.__('Files')}</h3>
        {shared ? (
          <p className="jp-Reana-dim">{trans.__('Both runs use the same workspace, so their files are the same.')}</p>
        ) : (
          <Loaded part={files} show={found => <Files found={found} />} />
        )}
      </section>
      <Loaded
        part={run.specification}
        show={mine => <Loaded part={theirs} show={before => <SpecificationLines before={before} after={mine} />} />}
      />
    </>
  );
}

interface ChangesProps {
  readonly before: Specification;
  readonly after: Specification;
}

/** Parameters that differ, with both values. */
function Parameters({ before, after }: ChangesProps): React.JSX.Element {
  const trans = useTranslator();
  const changes = changedParameters(before, after);
  return (
    <section aria-label={trans.__('Parameters')}>
      <h3>{trans.__('Parameters')}</h3>
      {changes.length === 0 ? (
        <p className="jp-Reana-dim">{trans.__('No difference')}</p>
      ) : (
        <table className="jp-Reana-compared">
          <thead>
            <tr>
              <th scope="col">{trans.__('Name')}</th>
              <th scope="col">{trans.__('The other run')}</th>
              <th scope="col">{trans.__('This run')}</th>
            </tr>
          </thead>
          <tbody>{changes.map(parameterRow)}</tbody>
        </table>
      )}
    </section>
  );
}

function parameterRow({ name, before, after, beforeIsDefault, afterIsDefault }: ParameterChange): React.JSX.Element {
  return (
    <tr key={name}>
      <th scope="row">{name}</th>
      <td>
        <Value value={before} isDefault={beforeIsDefault} />
      </td>
      <td>
        <Value value={after} isDefault={afterIsDefault} />
      </td>
    </tr>
  );
}

function Value({ value, isDefault }: { value: Json | undefined; isDefault: boolean }): React.JSX.Element {
  const trans = useTranslator();
  if (value === undefined) {
    return <span className="jp-Reana-dim">{trans.__('not present')}</span>;
  }
  return (
    <>
      <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>
      {isDefault ? <span className="jp-Reana-dim"> {trans.__('default')}</span> : null}
    </>
  );
}

const MAX_FILES = 500;

function Files({ found: { changes, complete } }: { found: FileChanges }): React.JSX.Element {
  const trans = useTranslator();
  const words: Readonly<Record<FileChange['kind'], string>> = {
    changed: trans.__('changed'),
    first: trans.__('only in the other run'),
    second: trans.__('only in this run')
  };
  const signs = { changed: '≠', first: '−', second: '+' } as const;
  const left = changes.length - MAX_FILES;
  return (
    <>
      {changes.length > 0 ? (
        <ul className="jp-Reana-changedFiles">
          {changes.slice(0, MAX_FILES).map(({ path, kind }) => (
            <li key={path} data-kind={kind}>
              <span aria-hidden>{signs[kind]}</span> <code>{path}</code>{' '}
              <span className="jp-Reana-dim">{words[kind]}</span>
            </li>
          ))}
        </ul>
      ) : complete ? (
        <p className="jp-Reana-dim">{trans.__('No difference')}</p>
      ) : null}
      {left > 0 ? <p className="jp-Reana-dim">{trans._n('%1 more file', '%1 more files', left)}</p> : null}
      {complete ? null : (
        <p className="jp-Reana-notice" role="note">
          {trans.__('There may be more differences: the server did not compare all files.')}
        </p>
      )}
    </>
  );
}

function SpecificationLines({ before, after }: ChangesProps): React.JSX.Element {
  const trans = useTranslator();
  const found = hunks(diffLines(spelled(before.specification), spelled(after.specification)));
  return (
    <section aria-label={trans.__('Specification')}>
      <h3>{trans.__('Specification')}</h3>
      {found.length > 0 ? (
        <p className="jp-Reana-dim">
          {trans.__('Lines with − are only in the other run, lines with + only in this run.')}
        </p>
      ) : null}
      <Diff found={found} />
    </section>
  );
}

function spelled(value: JsonObject): string {
  return Object.keys(value).length > 0 ? toYaml(value) : '';
}

function Diff({ found }: { found: readonly Hunk[] }): React.JSX.Element {
  const trans = useTranslator();
  if (found.length === 0) {
    return <p className="jp-Reana-dim">{trans.__('No difference')}</p>;
  }
  const sign = { same: ' ', removed: '−', added: '+' } as const;
  return (
    <div className="jp-Reana-diff" tabIndex={0} role="group" aria-label={trans.__('Differences')}>
      {found.map((hunk, index) => (
        <React.Fragment key={index}>
          {hunk.skipped > 0 ? <p>{trans._n('%1 unchanged line', '%1 unchanged lines', hunk.skipped)}</p> : null}
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

/** A value of the view: loaded when it mounts, cancelled when it unmounts. */
function usePart<T>(make: () => (signal: AbortSignal) => Promise<T>, of: readonly unknown[]): Loadable<T> {
  const [, again] = React.useReducer((count: number) => count + 1, 0);
  // `make` is new at each rendering, so `of` decides when to load again.
  const part = React.useMemo(() => new Loadable(make(), again), of);
  React.useEffect(() => {
    void part.load().catch(() => undefined);
    return () => part.cancel();
  }, [part]);
  return part;
}
