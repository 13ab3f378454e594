/** Opens runs in the main area, and restores them after a reload. */

import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { MainAreaWidget, Notification, WidgetTracker } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';

import { fullName } from '../api/values';
import { driveName } from '../drive/names';
import type { Connection } from '../model/connection';
import { OpenRun, type Tab } from '../model/openrun';
import { Transfers } from '../model/transfers';
import { RunWidget } from '../run/widget';
import { Commands, IReana } from '../tokens';
import { textViewer, type TextViewer } from '../ui/textviewer';

type Tracker = WidgetTracker<MainAreaWidget<RunWidget>>;

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'reana-jupyterlab:runs',
  description: 'Runs in the main area.',
  autoStart: true,
  requires: [IReana, IEditorServices],
  optional: [ILayoutRestorer],
  activate: (app: JupyterFrontEnd, reana: IReana, editors: IEditorServices, restorer: ILayoutRestorer | null): void => {
    const tracker: Tracker = new WidgetTracker({ namespace: 'reana-jupyterlab' });
    addCommands(app, reana, tracker, editors);
    if (restorer) {
      void restorer.restore(tracker, {
        command: Commands.open,
        args: ({ content: { props } }) => ({ id: props.run.id, tab: props.run.tab, account: props.run.account }),
        name: ({ content }) => content.props.run.id
      });
    }
  }
};

export default plugin;

function addCommands(app: JupyterFrontEnd, reana: IReana, tracker: Tracker, editors: IEditorServices): void {
  const { trans } = reana;
  const open = opener(app, reana, tracker, textViewer(editors));
  const tabs: readonly (readonly [string, Tab | undefined, string, string])[] = [
    [Commands.open, undefined, trans.__('Open'), trans.__('Open REANA Run')],
    [Commands.openLogs, 'logs', trans.__('Show Log'), trans.__('Show the Log of the REANA Run')],
    [Commands.openFiles, 'files', trans.__('Show Files'), trans.__('Show the Files of the REANA Run')],
    [Commands.compare, 'compare', trans.__('Compare'), trans.__('Compare the REANA Run')]
  ];
  for (const [command, tab, short, label] of tabs) {
    app.commands.addCommand(command, {
      label: args => (args.menu ? short : label),
      isEnabled: args => selectedRun(app, args.id) !== '',
      execute: args => {
        const id = selectedRun(app, args.id);
        if (id) {
          open(id, tab ?? (args.tab as Tab | undefined), typeof args.account === 'string' ? args.account : undefined);
        }
      }
    });
  }
}

/** Returns a function that shows the tab of a run, opening it if needed. */
function opener(
  app: JupyterFrontEnd,
  reana: IReana,
  tracker: Tracker,
  viewer: TextViewer
): (id: string, tab?: Tab, account?: string) => void {
  const make = (id: string, account = ''): MainAreaWidget<RunWidget> => {
    const run = new OpenRun(id, reana.api, reana.store, reana.runs.interval);
    run.bind(reana.connection.key, account);
    // With the run as `this`, its `dispose` also removes this connection of the signal.
    reana.connection.switched.connect(bind, run);
    const openFile = (path: string): void => void openInViewer(app, reana, run, path);
    const parts = { reana, run, transfers: new Transfers(), commands: app.commands, viewer, openFile };
    const widget = new MainAreaWidget({ content: new RunWidget(parts) });
    widget.toolbar.hide();
    void tracker.add(widget);
    // The restored tab needs its view and account, which change after it was added.
    run.changed.connect(() => void tracker.save(widget));
    app.shell.add(widget, 'main', { type: 'REANA' });
    return widget;
  };
  return (id, tab, account) => {
    const widget = tracker.find(({ content }) => content.props.run.id === id) ?? make(id, account);
    if (tab) {
      widget.content.props.run.show(tab);
    }
    app.shell.activateById(widget.id);
  };
}

/** Handles a new account. Signals call it with the run as `this`. */
function bind(this: OpenRun, _: Connection, account: string): void {
  this.bind(account);
}

/** The run that a command is for: named, under the mouse in the list, or in front. Empty: none. */
export function selectedRun(app: JupyterFrontEnd, named: unknown): string {
  if (typeof named === 'string' && named) {
    return named;
  }
  const row = app.contextMenuHitTest(node => node.dataset.runId !== undefined);
  if (row?.dataset.runId) {
    return row.dataset.runId;
  }
  const widget = app.shell.currentWidget;
  const run = widget instanceof MainAreaWidget && widget.content instanceof RunWidget ? widget.content.props.run : null;
  // A tab of another account offers no actions.
  return run && !run.foreign ? run.id : '';
}

async function openInViewer(app: JupyterFrontEnd, { trans }: IReana, run: OpenRun, path: string): Promise<void> {
  const value = run.run.value;
  if (!value) {
    return;
  }
  try {
    await app.commands.execute('docmanager:open', { path: `${driveName}:${fullName(value)}/${path}` });
  } catch (error) {
    Notification.error(`${trans.__('“%1” cannot be opened.', path)} ${error instanceof Error ? error.message : ''}`);
  }
}
