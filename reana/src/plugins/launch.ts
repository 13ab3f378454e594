/** Entry points of a new run: launcher card, file browser menu, palette and its tab. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, Notification } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { FileDialog, IDefaultFileBrowser, IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { FileEditor } from '@jupyterlab/fileeditor';
import { ILauncher } from '@jupyterlab/launcher';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { IDocumentWidget } from '@jupyterlab/docregistry';

import { NewRunWidget, type NewRunActions } from '../launch/newrun';
import type { IncompleteRun } from '../model/incomplete';
import { NewRun } from '../model/newrun';
import { Commands, IReana } from '../tokens';
import { reanaIcon } from '../ui/icons';

const YAML = /\.ya?ml$/i;

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'reana-jupyterlab:launch',
  description: 'New runs from a reana.yaml.',
  autoStart: true,
  requires: [IReana, IDocumentManager],
  optional: [IFileBrowserFactory, IDefaultFileBrowser, ILauncher, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    reana: IReana,
    documents: IDocumentManager,
    factory: IFileBrowserFactory | null,
    browser: IDefaultFileBrowser | null,
    launcher: ILauncher | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ): void => {
    const { trans } = reana;
    const parts: Parts = { app, reana, documents, folder: () => browser?.model.path ?? '' };
    const show = opener(parts);
    const target = (named: unknown): string =>
      typeof named === 'string' && named ? named : selectedYaml(app, documents, factory);
    app.commands.addCommand(Commands.create, {
      label: args => (args.isLauncher ? trans.__('REANA run') : trans.__('New REANA Run')),
      caption: trans.__('Run a workflow on REANA'),
      icon: reanaIcon,
      execute: () => show('')
    });
    app.commands.addCommand(Commands.runFile, {
      label: trans.__('Run on REANA'),
      icon: reanaIcon,
      isEnabled: args => target(args.path) !== '',
      isVisible: args => target(args.path) !== '',
      execute: args => show(target(args.path))
    });
    launcher?.add({
      command: Commands.create,
      args: { isLauncher: true },
      category: otherCategory(translator),
      rank: 10
    });
    palette?.addItem({ command: Commands.create, category: 'REANA' });
    palette?.addItem({ command: Commands.runFile, category: 'REANA' });
  }
};

export default plugin;

/** JupyterLab's own name of the section; another name would create a new section. */
function otherCategory(translator: ITranslator | null): string {
  const jupyterlab = (translator ?? nullTranslator).load('jupyterlab');
  return jupyterlab.__('Other');
}

interface Parts {
  readonly app: JupyterFrontEnd;
  readonly reana: IReana;
  readonly documents: IDocumentManager;
  /** The current folder of the file browser. */
  readonly folder: () => string;
}

/** Shows the tab for new runs, with a file if a path is given. */
function opener({ app, reana, documents, folder }: Parts): (path: string) => void {
  let shown: MainAreaWidget<NewRunWidget> | null = null;
  const actions: NewRunActions = {
    pick: () => pickSpecification(documents, reana, folder()),
    edit: (path, line) => editAt(documents, path, line),
    made: (id, broken) => {
      shown?.dispose();
      if (broken) {
        notifyIncomplete(app, reana, id, broken);
      } else {
        reana.followed.runStarted(id);
      }
      void reana.runs.refresh();
      void app.commands.execute(Commands.open, { id });
    }
  };
  // Validate again when the file is saved.
  app.serviceManager.contents.fileChanged.connect((_, { type, newValue }) => {
    const model = shown?.isDisposed === false ? shown.content.model : null;
    if (model?.path && type === 'save' && newValue?.path === model.path) {
      void model.choose(model.path);
    }
  });
  return path => {
    if (!shown || shown.isDisposed) {
      shown = new MainAreaWidget({ content: new NewRunWidget(reana, new NewRun(reana.api.create), actions) });
      shown.toolbar.hide();
      app.shell.add(shown, 'main', { type: 'REANA' });
    }
    app.shell.activateById(shown.id);
    if (path) {
      void shown.content.model.choose(path);
    }
  };
}

/** The run's tab shows the reason, too; the notification links to it. */
function notifyIncomplete(
  app: JupyterFrontEnd,
  { trans, incomplete }: IReana,
  id: string,
  broken: IncompleteRun
): void {
  incomplete.put(id, broken);
  const show = (): void => void app.commands.execute(Commands.open, { id });
  Notification.error(
    trans.__('The run “%1” was created, but not started. Its tab shows the reason.', broken.wanted.name),
    {
      autoClose: false,
      actions: [{ label: trans.__('Show the run'), callback: show, displayType: 'accent' }]
    }
  );
}

/** The YAML file selected in the file browser or open in front; empty: none. */
function selectedYaml(app: JupyterFrontEnd, documents: IDocumentManager, factory: IFileBrowserFactory | null): string {
  const browser = factory?.tracker.currentWidget;
  // In a context menu the selected file counts, in the palette the open document.
  const inBrowser = app.contextMenuHitTest(node => node.classList.contains('jp-DirListing-item')) !== undefined;
  const chosen = browser && inBrowser ? Array.from(browser.selectedItems()) : [];
  const current = app.shell.currentWidget;
  const open = current ? documents.contextForWidget(current)?.path : undefined;
  const path = inBrowser ? (chosen.length === 1 ? (chosen[0]?.path ?? '') : '') : (open ?? '');
  // Paths with a colon belong to other drives, not to Jupyter's root directory.
  return YAML.test(path) && !path.includes(':') ? path : '';
}

async function pickSpecification(manager: IDocumentManager, { trans }: IReana, folder: string): Promise<string> {
  const response = await FileDialog.getOpenFiles({
    manager,
    title: trans.__('Choose a reana.yaml'),
    // If the file browser shows another drive, the dialog begins at Jupyter's root.
    defaultPath: folder.includes(':') ? '' : folder,
    filter: ({ type, name }) =>
      type === 'directory' || YAML.test(name) ? { score: PathExt.basename(name) === 'reana.yaml' ? 0 : 1 } : null
  });
  return response.value?.[0]?.path ?? '';
}

/** Lines count from 1; 0 leaves the cursor where it is. */
function editAt(documents: IDocumentManager, path: string, line: number): void {
  const widget: IDocumentWidget | undefined = documents.openOrReveal(path, 'Editor');
  void widget?.revealed.then(() => {
    if (line > 0 && widget.content instanceof FileEditor) {
      widget.content.editor.setCursorPosition({ line: line - 1, column: 0 });
      widget.content.editor.revealPosition({ line: line - 1, column: 0 });
      widget.content.editor.focus();
    }
  });
}
