/** The API of the back end, by topic. */

import type { ServerConnection } from '@jupyterlab/services';

import { Binding } from './binding';
import { ConnectionApi } from './connection';
import { CreateApi } from './create';
import { RunsApi } from './runs';
import { SecretsApi } from './secrets';
import { createOpen, createSend } from './send';
import { TransfersApi } from './transfers';
import { WorkspaceApi } from './workspace';

export class ReanaApi {
  constructor(settings: ServerConnection.ISettings) {
    const send = createSend(settings, this.binding);
    const transfers = new TransfersApi(send);
    this.connection = new ConnectionApi(send);
    this.runs = new RunsApi(send, createOpen(settings, this.binding));
    this.workspace = new WorkspaceApi(send, transfers, settings, this.binding);
    this.secrets = new SecretsApi(send);
    this.create = new CreateApi(send, transfers);
  }

  readonly binding = new Binding();
  readonly connection: ConnectionApi;
  readonly runs: RunsApi;
  readonly workspace: WorkspaceApi;
  readonly create: CreateApi;
  readonly secrets: SecretsApi;
}
