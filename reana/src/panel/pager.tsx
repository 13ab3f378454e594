/** Page navigation of the run list. */

import { caretLeftIcon, caretRightIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { RunList } from '../model/runlist';
import { IconButton } from '../ui/components';
import { useTranslator } from '../ui/texts';

export function Pager({ runs }: { runs: RunList }): React.JSX.Element | null {
  const trans = useTranslator();
  const page = runs.page;
  if (!page || (!page.hasNext && !page.hasPrevious)) {
    return null;
  }
  const first = (page.page - 1) * runs.query.size + 1;
  const last = first + page.items.length - 1;
  return (
    <nav className="jp-Reana-pager" aria-label={trans.__('Pages')}>
      <IconButton
        icon={caretLeftIcon}
        label={trans.__('Previous page')}
        disabled={!page.hasPrevious || runs.loading}
        onClick={() => runs.ask({ page: page.page - 1 })}
      />
      <span>{trans.__('%1–%2 of %3', String(first), String(last), String(page.total))}</span>
      <IconButton
        icon={caretRightIcon}
        label={trans.__('Next page')}
        disabled={!page.hasNext || runs.loading}
        onClick={() => runs.ask({ page: page.page + 1 })}
      />
    </nav>
  );
}
