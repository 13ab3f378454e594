/** What of the runs is listed: a part of the name, a status, an order. */

import { searchIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { RunQuery } from '../api/runs';
import { STATUSES } from '../api/values';
import type { RunList } from '../model/runlist';
import { useObserved, useSettled } from '../ui/observe';
import { statusWord, useWords } from '../ui/words';

const REST_MS = 250;

export function Filters({ runs }: { runs: RunList }): React.JSX.Element {
  const trans = useWords();
  useObserved(runs);
  const { status, sort } = runs.query;
  return (
    <div className="jp-Reana-filters" role="search">
      <SearchField
        label={trans.__('Search runs by name')}
        value={runs.query.search}
        settle={search => runs.ask({ search })}
      />
      <div className="jp-Reana-selects">
        <select
          className="jp-mod-styled"
          aria-label={trans.__('Status')}
          value={status[0] ?? ''}
          onChange={({ target }) => runs.ask({ status: target.value ? [target.value] : [] })}
        >
          <option value="">{trans.__('every status')}</option>
          {STATUSES.map(one => (
            <option key={one} value={one}>
              {statusWord(trans, one)}
            </option>
          ))}
        </select>
        <select
          className="jp-mod-styled"
          aria-label={trans.__('Order')}
          value={sort}
          onChange={({ target }) => runs.ask({ sort: target.value as RunQuery['sort'] })}
        >
          <option value="desc">{trans.__('newest first')}</option>
          <option value="asc">{trans.__('oldest first')}</option>
        </select>
      </div>
    </div>
  );
}

interface SearchProps {
  readonly label: string;
  readonly value: string;
  readonly settle: (text: string) => void;
}

/** Asks when the typing rests; Escape empties it. */
export function SearchField({ label, value, settle }: SearchProps): React.JSX.Element {
  const [typed, setTyped] = React.useState(value);
  useSettled(typed, REST_MS, settle);
  React.useEffect(() => setTyped(value), [value]);
  return (
    <span className="jp-Reana-search">
      <searchIcon.react tag="span" aria-hidden />
      <input
        type="search"
        className="jp-mod-styled"
        aria-label={label}
        placeholder={label}
        value={typed}
        spellCheck={false}
        onChange={({ target }) => setTyped(target.value)}
        onKeyDown={event => {
          if (event.key === 'Escape' && typed) {
            event.stopPropagation();
            setTyped('');
          }
        }}
      />
    </span>
  );
}
