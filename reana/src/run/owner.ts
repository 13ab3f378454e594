/** The owner of an open run: runs of other users are read-only. */

import * as React from 'react';

import type { OpenRun } from '../model/openrun';
import type { IReana } from '../tokens';
import { useObserved } from '../ui/observe';

/** E-mail address of another owner; empty: the user's own run, or unknown. */
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
