/** Props of the views of an open run. */

import type { CommandRegistry } from '@lumino/commands';

import type { OpenRun } from '../model/openrun';
import type { Transfers } from '../model/transfers';
import type { IReana } from '../tokens';
import type { TextViewer } from '../ui/textviewer';

/** Identifier of the engine in the list of steps. */
export const ENGINE = 'engine';

export interface RunProps {
  readonly reana: IReana;
  readonly run: OpenRun;
  readonly transfers: Transfers;
  readonly commands: CommandRegistry;
  readonly viewer: TextViewer;
  /** Open a file of the run in JupyterLab's own viewer for it. */
  readonly openFile: (path: string) => void;
}
