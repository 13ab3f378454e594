/** Registers the drive with the files of runs, and the command that shows it. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';

import { fullName } from '../api/values';
import { ReanaDrive } from '../drive/drive';
import { driveName } from '../drive/names';
import { Commands, IReana } from '../tokens';
import { selectedRun } from './runs';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'reana-jupyterlab:drive',
  description: 'Files of runs in the file browser, read-only.',
  autoStart: true,
  requires: [IReana],
  optional: [IDefaultFileBrowser],
  activate: (app: JupyterFrontEnd, reana: IReana, browser: IDefaultFileBrowser | null): void => {
    const { contents, serverSettings } = app.serviceManager;
    const { docRegistry } = app;
    const { trans } = reana;
    const typeOf = (path: string): { format: 'text' | 'base64' | 'json'; mimeType: string; type: string } => {
      const [first] = docRegistry.getFileTypesForPath(path);
      const notebook = first?.contentType === 'notebook';
      // A file of an unknown type may be binary.
      const format = first?.fileFormat ?? (first ? 'text' : 'base64');
      return { format, mimeType: first?.mimeTypes[0] ?? '', type: notebook ? 'notebook' : 'file' };
    };
    const reject = (): Promise<never> =>
      Promise.reject(new Error(trans.__('Files of a run are read-only here. Download them to change them.')));
    contents.addDrive(new ReanaDrive(reana.api, serverSettings, { typeOf }, reject));
    app.commands.addCommand(Commands.browse, {
      label: args =>
        args.menu
          ? trans.__('Show in the File Browser')
          : trans.__('Show the Files of the REANA Run in the File Browser'),
      isEnabled: args => browser !== null && selectedRun(app, args.id) !== '',
      execute: async args => {
        const run = await reana.api.runs.get(selectedRun(app, args.id));
        await browser?.model.cd(`${driveName}:${fullName(run)}`);
        if (browser) {
          app.shell.activateById(browser.id);
        }
      }
    });
  }
};

export default plugin;
