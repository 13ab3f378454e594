/** Commands on a run: start, stop, restart, delete, share, follow; destructive ones ask first. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, ICommandPalette, Notification, showDialog } from '@jupyterlab/apputils';

import { isAbort, ReanaError } from '../api/errors';
import { belongsToOther, fullName, hasEnded, isMoving, type Run, type Status } from '../api/values';
import { askParameters } from '../launch/restart';
import { askAndPrune } from '../run/prune';
import { showShares } from '../run/share';
import { Commands, IReana } from '../tokens';
import { dialogText } from '../ui/dialogtext';
import { errorSentence } from '../ui/texts';
import { selectedRun } from './runs';

/** Without `autoClose` JupyterLab only counts the notification at its bell, where this one stays, too. */
const NOTIFICATION_OPTIONS = { autoClose: 10_000 } as const;

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'reana-jupyterlab:actions',
  description: 'Commands that act on runs.',
  autoStart: true,
  requires: [IReana],
  optional: [ICommandPalette],
  activate: (app: JupyterFrontEnd, reana: IReana, palette: ICommandPalette | null): void => {
    for (const { command, short, label, fits, act } of actions(app, reana)) {
      app.commands.addCommand(command, {
        label: args => (args.menu ? short : label),
        isVisible: args => !args.menu || isOffered(reana, command, fits, selectedRun(app, args.id)),
        isEnabled: args => selectedRun(app, args.id) !== '',
        execute: args => {
          const id = selectedRun(app, args.id);
          // The shown state may be old, so actions get a fresh one.
          return guarded(reana, async () => act(await reana.store.load(id)), id);
        }
      });
      palette?.addItem({ command, category: 'REANA' });
    }
    for (const command of [Commands.open, Commands.openLogs, Commands.openFiles, Commands.browse, Commands.compare]) {
      palette?.addItem({ command, category: 'REANA' });
    }
  }
};

export default plugin;

interface Action {
  readonly command: string;
  /** Label in the menu of a run. */
  readonly short: string;
  readonly label: string;
  /** True if the menu of a run with this status offers it. */
  readonly fits: (status: Status) => boolean;
  readonly act: (run: Run) => Promise<void>;
}

function actions(app: JupyterFrontEnd, reana: IReana): readonly Action[] {
  const { trans } = reana;
  const action = (
    command: string,
    [short, label]: readonly [string, string],
    fits: Action['fits'],
    act: Action['act']
  ): Action => ({ command, short, label, fits, act });
  const isThere = (status: Status): boolean => status !== 'deleted' && status !== '';
  const canShare = (status: Status): boolean => reana.connection.account?.sharing === true && isThere(status);
  const isNew = (status: Status): boolean => status === 'created';
  const canGo = (status: Status): boolean => !isMoving(status) && status !== 'deleted';
  return [
    action(Commands.start, [trans.__('Start'), trans.__('Start the REANA Run')], isNew, run => start(reana, run)),
    action(Commands.stop, [trans.__('Stop…'), trans.__('Stop the REANA Run…')], isMoving, run => stop(reana, run)),
    action(Commands.restart, [trans.__('Restart…'), trans.__('Restart the REANA Run…')], hasEnded, run =>
      restart(app, reana, run)
    ),
    action(Commands.remove, [trans.__('Delete…'), trans.__('Delete the REANA Run…')], canGo, run => remove(reana, run)),
    action(Commands.prune, [trans.__('Prune…'), trans.__('Prune the REANA Run…')], hasEnded, run =>
      askAndPrune(reana, run)
    ),
    action(Commands.share, [trans.__('Share…'), trans.__('Share the REANA Run…')], canShare, run =>
      showShares(reana, run)
    ),
    action(
      Commands.follow,
      [trans.__('Notify Me When It Ends'), trans.__('Notify Me When the REANA Run Ends')],
      isMoving,
      run => follow(reana, run)
    )
  ];
}

/** True if the menu offers a command; changes are not offered for runs of other users. */
function isOffered({ connection, store }: IReana, command: string, fits: Action['fits'], id: string): boolean {
  const run = store.get(id);
  const isAllowed = command === Commands.follow || !belongsToOther(run, connection.account?.email ?? '');
  return isAllowed && fits(run?.status ?? '');
}

/** Notify about errors; refresh the list and the affected run in any case. */
export async function guarded({ trans, runs, store }: IReana, act: () => Promise<void>, id = ''): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!isAbort(error)) {
      Notification.error(
        error instanceof ReanaError ? errorSentence(trans, error) : String(error),
        NOTIFICATION_OPTIONS
      );
    }
  } finally {
    if (id) {
      void store.load(id).catch(() => undefined);
    }
    void runs.refresh();
  }
}

async function start({ api, followed }: IReana, run: Run): Promise<void> {
  await api.runs.start(run.id);
  followed.runStarted(run.id);
}

async function stop(reana: IReana, run: Run): Promise<void> {
  const { trans, api } = reana;
  const text = trans.__('Its steps end immediately. Files that they have written stay in the workspace.');
  if (await confirmed(reana, trans.__('Stop %1?', fullName(run)), text, trans.__('Stop'))) {
    await api.runs.stop(run.id);
  }
}

async function remove(reana: IReana, run: Run): Promise<void> {
  const { trans, api, followed } = reana;
  const text = [
    trans.__('This permanently deletes the run, its logs and all files in its workspace. This cannot be undone.'),
    // Loaded before the dialog, whose text warns about runs in the same workspace.
    ...affectedRuns(reana, await api.runs.relatives(run))
  ].join('\n\n');
  if (await confirmed(reana, trans.__('Delete %1?', fullName(run)), text, trans.__('Delete'))) {
    followed.leave(run.id);
    await api.runs.remove(run.id);
    Notification.success(trans.__('%1 was deleted.', fullName(run)), { autoClose: 4000 });
  }
}

const MAX_NAMED = 8;

/** Name the runs in the same workspace: REANA keeps them without files, this project's service deletes them. */
function affectedRuns({ trans }: IReana, relatives: readonly Run[]): string[] {
  if (relatives.length === 0) {
    return [];
  }
  const names = relatives.slice(0, MAX_NAMED).map(fullName);
  const left = relatives.length - names.length;
  const all = left > 0 ? [...names, trans.__('and %1 more', String(left))] : names;
  return [
    trans._n(
      '%1 other run uses the same workspace and will be deleted or lose its files: %2.',
      '%1 other runs use the same workspace and will be deleted or lose their files: %2.',
      relatives.length,
      all.join(', ')
    )
  ];
}

async function restart(app: JupyterFrontEnd, reana: IReana, run: Run): Promise<void> {
  const { trans, api, followed } = reana;
  const parameters = await askParameters(trans, run, await api.runs.specification(run.id));
  if (parameters) {
    const id = await api.runs.restart(run.id, parameters);
    followed.runStarted(id);
    await app.commands.execute(Commands.open, { id });
  }
}

async function follow({ followed }: IReana, run: Run): Promise<void> {
  if (followed.has(run.id)) {
    followed.leave(run.id);
  } else {
    followed.follow(run.id);
  }
  return Promise.resolve();
}

async function confirmed({ trans }: IReana, title: string, text: string, label: string): Promise<boolean> {
  const buttons = [Dialog.cancelButton({ label: trans.__('Cancel') }), Dialog.warnButton({ label })];
  // The default button is Cancel: Enter must not confirm a deletion.
  return (await showDialog({ title, body: dialogText(text), buttons, defaultButton: 0 })).button.accept;
}
