/** A note if the server ignores the container images of steps. */

import * as React from 'react';

import type { Connection } from '../model/connection';
import { useObserved } from './observe';
import { useTranslator } from './texts';

interface NoteProps {
  readonly connection: Connection;
  /** Images that the steps name; without any there is no note. */
  readonly images: readonly string[];
}

export function EnvironmentNote({ connection, images }: NoteProps): React.JSX.Element | null {
  const trans = useTranslator();
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
