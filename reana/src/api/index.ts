/** The whole of the back end, by topic. */

import type { ServerConnection } from '@jupyterlab/services';

import { ConnectionApi } from './connection';
import { CreateApi } from './create';
import { RunsApi } from './runs';
import { createSend } from './send';
import { WorkspaceApi } from './workspace';

export class ReanaApi {
  constructor(settings: ServerConnection.ISettings) {
    const send = createSend(settings);
    this.connection = new ConnectionApi(send);
    this.runs = new RunsApi(send);
    this.workspace = new WorkspaceApi(send, settings);
    this.create = new CreateApi(send);
  }

  readonly connection: ConnectionApi;
  readonly runs: RunsApi;
  readonly workspace: WorkspaceApi;
  readonly create: CreateApi;
}
