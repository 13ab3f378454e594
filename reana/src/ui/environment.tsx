/** A note where the server does not use the container images that steps name. */

import * as React from 'react';

import type { Connection } from '../model/connection';
import { useObserved } from './observe';
import { useWords } from './words';

interface NoteProps {
  readonly connection: Connection;
  /** The images that the steps name; none: nothing is said. */
  readonly images: readonly string[];
}

export function EnvironmentNote({ connection, images }: NoteProps): React.JSX.Element | null {
  const trans = useWords();
  useObserved(connection);
  if (connection.account?.connected !== true || connection.account.environments || images.length === 0) {
    return null;
  }
  return (
    <p className="jp-Reana-notice" role="note">
      {trans.__(
        'This server has no container runtime: commands run with the software installed on it, not in %1.',
        [...new Set(images)].join(', ')
      )}
    </p>
  );
}
