/** The token shared by the plug-ins, and the public commands. */

import { Token } from '@lumino/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { ReanaApi } from './api';
import type { Connection } from './model/connection';
import type { Followed } from './model/followed';
import type { Incomplete } from './model/incomplete';
import type { RunList } from './model/runlist';
import type { Running } from './model/running';
import type { RunStore } from './model/runstore';

/** The user's REANA: API, connection, and the listed and followed runs. */
export interface IReana {
  readonly api: ReanaApi;
  readonly connection: Connection;
  /** The newest state of every run. */
  readonly store: RunStore;
  readonly runs: RunList;
  readonly followed: Followed;
  readonly running: Running;
  readonly incomplete: Incomplete;
  readonly trans: TranslationBundle;
}

export const IReana = new Token<IReana>(
  'reana-jupyterlab:IReana',
  'The REANA server that this JupyterLab is connected to, and its runs.'
);

export const Commands = {
  showPanel: 'reana-jupyterlab:show-panel',
  refresh: 'reana-jupyterlab:refresh',
  connect: 'reana-jupyterlab:connect',
  secrets: 'reana-jupyterlab:secrets',
  create: 'reana-jupyterlab:new-run',
  runFile: 'reana-jupyterlab:run-file',
  validateFile: 'reana-jupyterlab:validate-file',
  open: 'reana-jupyterlab:open-run',
  openLogs: 'reana-jupyterlab:open-logs',
  openFiles: 'reana-jupyterlab:open-files',
  browse: 'reana-jupyterlab:browse-files',
  start: 'reana-jupyterlab:start-run',
  stop: 'reana-jupyterlab:stop-run',
  restart: 'reana-jupyterlab:restart-run',
  remove: 'reana-jupyterlab:delete-run',
  share: 'reana-jupyterlab:share-run',
  prune: 'reana-jupyterlab:prune-run',
  compare: 'reana-jupyterlab:compare-run',
  follow: 'reana-jupyterlab:follow-run'
} as const;
