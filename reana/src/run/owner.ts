/** Whose run is open: a run of somebody else can be looked at, and not changed. */

import * as React from 'react';

import type { OpenRun } from '../model/openrun';
import type { IReana } from '../tokens';
import { useObserved } from '../ui/observe';

/** The address of somebody else; empty: it is the person's own, or nobody says. */
export function useOwner({ connection }: IReana, run: OpenRun): string {
  useObserved(connection, run);
  const { sharing = false, email = '' } = connection.account ?? {};
  React.useEffect(() => {
    if (sharing) {
      void run.owner.need().catch(() => undefined);
    }
  }, [sharing, run]);
  const owner = run.owner.value ?? '';
  return owner === email ? '' : owner;
}
