/** Shows running runs and the quota in the status bar. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';

import { StatusItem } from '../follow/statusitem';
import { Commands, IReana } from '../tokens';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'reana-jupyterlab:status',
  description: 'Running runs and quota in the status bar.',
  autoStart: true,
  requires: [IReana, IStatusBar],
  activate: (app: JupyterFrontEnd, reana: IReana, bar: IStatusBar): void => {
    const item = new StatusItem(reana, () => void app.commands.execute(Commands.showPanel));
    bar.registerStatusItem(plugin.id, {
      item,
      align: 'left',
      rank: 50,
      isActive: () => reana.connection.state === 'connected',
      activeStateChanged: reana.connection.changed
    });
  }
};

export default plugin;
