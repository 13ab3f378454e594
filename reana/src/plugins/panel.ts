/** Adds the panel to the left side bar, closed at first. */

import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';

import { Panel } from '../panel/panel';
import { showSecrets } from '../panel/secrets';
import { Commands, IReana } from '../tokens';
import { reanaIcon } from '../ui/icons';
import { guarded } from './actions';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'reana-jupyterlab:panel',
  description: 'The list of runs in the left side bar.',
  autoStart: true,
  requires: [IReana],
  optional: [ILayoutRestorer, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    reana: IReana,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null
  ): void => {
    const panel = new Panel({ reana, commands: app.commands });
    app.shell.add(panel, 'left', { rank: 650, type: 'REANA' });
    restorer?.add(panel, panel.id);
    addCommands(app, reana, panel);
    for (const command of [Commands.showPanel, Commands.refresh, Commands.connect, Commands.secrets]) {
      palette?.addItem({ command, category: 'REANA' });
    }
  }
};

export default plugin;

function addCommands(app: JupyterFrontEnd, reana: IReana, panel: Panel): void {
  const { trans, runs, connection } = reana;
  const show = (): void => {
    app.shell.activateById(panel.id);
    // A closing palette restores the previous focus; focus the panel after that.
    window.requestAnimationFrame(() => panel.activate());
  };
  app.commands.addCommand(Commands.showPanel, { label: trans.__('Show REANA Runs'), icon: reanaIcon, execute: show });
  app.commands.addCommand(Commands.refresh, {
    label: trans.__('Refresh REANA Runs'),
    execute: async () => {
      await Promise.all([connection.load(), runs.refresh()]);
    }
  });
  app.commands.addCommand(Commands.secrets, {
    label: trans.__('REANA Secrets…'),
    isEnabled: () => connection.state === 'connected' && connection.account?.secrets === true,
    execute: () => guarded(reana, () => showSecrets(reana))
  });
  connection.changed.connect(() => app.commands.notifyCommandChanged(Commands.secrets));
  app.commands.addCommand(Commands.connect, { label: trans.__('Connect to REANA'), execute: show });
}
