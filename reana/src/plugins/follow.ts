/** Notifies once when a followed run has ended, with a link to its results or its failed log. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { IStateDB } from '@jupyterlab/statedb';

import { fullName, type Run } from '../api/values';
import { Commands, IReana } from '../tokens';

const KEY = 'reana-jupyterlab:followed';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'reana-jupyterlab:follow',
  description: 'Notifies when a run has ended.',
  autoStart: true,
  requires: [IReana],
  optional: [IStateDB],
  activate: (app: JupyterFrontEnd, reana: IReana, state: IStateDB | null): void => {
    const { followed } = reana;
    followed.ended.connect((_, run) => notifyEnded(app, reana, run));
    if (state) {
      void remember(reana, state);
    }
  }
};

export default plugin;

/** Runs that were followed before a reload are followed after it. */
async function remember({ followed, connection }: IReana, state: IStateDB): Promise<void> {
  const stored = await state.fetch(KEY);
  const resume = (): void => {
    // Stored runs belong to accounts, so the account must be known.
    // Saving starts only then: an earlier save would overwrite the stored runs.
    if (connection.state === 'connected') {
      connection.changed.disconnect(resume);
      followed.restore(stored);
      followed.changed.connect(() => void state.save(KEY, followed.kept));
    }
  };
  connection.changed.connect(resume);
  resume();
}

function notifyEnded(app: JupyterFrontEnd, { trans }: IReana, run: Run): void {
  const name = fullName(run);
  const open = (command: string) => (): void => void app.commands.execute(command, { id: run.id });
  if (run.status === 'finished') {
    Notification.success(trans.__('%1 has finished.', name), {
      autoClose: false,
      actions: [{ label: trans.__('Open results'), callback: open(Commands.open), displayType: 'accent' }]
    });
  } else if (run.status === 'failed') {
    Notification.error(trans.__('%1 has failed.', name), {
      autoClose: false,
      actions: [{ label: trans.__('Show failing log'), callback: open(Commands.openLogs), displayType: 'accent' }]
    });
  } else {
    Notification.info(trans.__('%1 has ended: %2.', name, run.status), { autoClose: 8000 });
  }
}
