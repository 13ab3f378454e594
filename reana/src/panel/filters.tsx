/** Filters of the run list: name, owner, status and order. */

import * as React from 'react';

import { EVERY_STATUS, type RunQuery } from '../api/runs';
import { STATUSES } from '../api/values';
import type { RunList } from '../model/runlist';
import { useObserved } from '../ui/observe';
import { SearchField } from '../ui/search';
import { statusLabel, useTranslator } from '../ui/texts';

const ANY_OWNER = 'anybody';

interface FiltersProps {
  readonly runs: RunList;
  /** True if the server supports sharing. */
  readonly sharing: boolean;
}

export function Filters({ runs, sharing }: FiltersProps): React.JSX.Element {
  const trans = useTranslator();
  useObserved(runs);
  const { status, sort, sharedBy = '' } = runs.query;
  return (
    <div className="jp-Reana-filters" role="search">
      <SearchField
        label={trans.__('Search runs by name')}
        value={runs.query.search}
        settle={search => runs.ask({ search })}
      />
      {sharing || sharedBy ? <OwnerFilter runs={runs} /> : null}
      <div className="jp-Reana-selects">
        <select
          className="jp-mod-styled"
          aria-label={trans.__('Status')}
          value={status[0] ?? ''}
          onChange={({ target }) => runs.ask({ status: target.value ? [target.value] : [] })}
        >
          <option value="">{trans.__('all statuses')}</option>
          <option value={EVERY_STATUS}>{trans.__('all statuses, including deleted')}</option>
          {STATUSES.map(one => (
            <option key={one} value={one}>
              {statusLabel(trans, one)}
            </option>
          ))}
        </select>
        <select
          className="jp-mod-styled"
          aria-label={trans.__('Sort order')}
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

function OwnerFilter({ runs }: { runs: RunList }): React.JSX.Element {
  const trans = useTranslator();
  return (
    <div className="jp-Reana-selects">
      <select
        className="jp-mod-styled"
        aria-label={trans.__('Owner')}
        value={runs.query.sharedBy ?? ''}
        onChange={({ target }) => runs.ask({ sharedBy: target.value })}
      >
        <option value="">{trans.__('my runs')}</option>
        <option value={ANY_OWNER}>{trans.__('shared with me')}</option>
      </select>
    </div>
  );
}
