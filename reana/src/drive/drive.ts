/** A read-only drive with the files of runs, for JupyterLab's file browser and viewers. */

import type { Contents, ServerConnection } from '@jupyterlab/services';
import { Signal, type ISignal } from '@lumino/signaling';

import type { ReanaApi } from '../api';
import { driveName, drivePath } from './names';
import { contentOf, formatOf } from './content';

/** Looks up the registered type of a file. */
interface FileTypes {
  readonly typeOf: (path: string) => {
    readonly format: Contents.FileFormat;
    readonly mimeType: string;
    readonly type: string;
  };
}

type Reject = () => Promise<never>;

export class ReanaDrive implements Contents.IDrive {
  constructor(
    private readonly _api: ReanaApi,
    readonly serverSettings: ServerConnection.ISettings,
    private readonly _types: FileTypes,
    readonly reject: Reject
  ) {}

  readonly name = driveName;

  get fileChanged(): ISignal<this, Contents.IChangedArgs> {
    return this._fileChanged;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  async get(localPath: string, options: Contents.IFetchOptions = {}): Promise<Contents.IModel> {
    const path = localPath.replace(/^\/+|\/+$/g, '');
    const wantsFolder = path === '' || options.type === 'directory';
    const model = await this._model(path, wantsFolder && options.content !== false);
    if (options.content === false || wantsFolder) {
      return model;
    }
    // Only the response shows that the path is a folder, which needs a second request.
    return model.type === 'directory' ? this._model(path, true) : this._withContent(model, options);
  }

  /** The URL of the file, for the browser's own download. */
  async getDownloadUrl(localPath: string): Promise<string> {
    const { run, file } = drivePath(localPath);
    // The browser sends no connection header, so this is for the active connection.
    return Promise.resolve(this._api.workspace.address(run, file, { download: '1' }));
  }

  newUntitled(): Promise<Contents.IModel> {
    return this.reject();
  }
  delete(): Promise<void> {
    return this.reject();
  }
  rename(): Promise<Contents.IModel> {
    return this.reject();
  }
  save(): Promise<Contents.IModel> {
    return this.reject();
  }
  copy(): Promise<Contents.IModel> {
    return this.reject();
  }
  createCheckpoint(): Promise<Contents.ICheckpointModel> {
    return this.reject();
  }
  async listCheckpoints(): Promise<Contents.ICheckpointModel[]> {
    return Promise.resolve([]);
  }
  restoreCheckpoint(): Promise<void> {
    return this.reject();
  }
  deleteCheckpoint(): Promise<void> {
    return this.reject();
  }

  private async _model(path: string, content: boolean): Promise<Contents.IModel> {
    const model = await this._api.workspace.driveModel(path, content);
    return withTimes(model as Contents.IModel);
  }

  /** Contents are fetched apart from the model, so that each viewer gets the format it requests. */
  private async _withContent(model: Contents.IModel, options: Contents.IFetchOptions): Promise<Contents.IModel> {
    const { run, file } = drivePath(model.path);
    const { mimeType, type, format: usual } = this._types.typeOf(model.path);
    const format = formatOf(options.format, usual);
    const content = await contentOf(await this._api.workspace.read(run, file), format);
    return { ...model, type, mimetype: mimeType, format, content };
  }

  private readonly _fileChanged = new Signal<this, Contents.IChangedArgs>(this);
  private _isDisposed = false;
}

/** The file browser requires times, which REANA does not always report. */
function withTimes(model: Contents.IModel): Contents.IModel {
  const known = (time: string | null): string => time ?? '1970-01-01T00:00:00Z';
  const content: unknown = Array.isArray(model.content)
    ? (model.content as Contents.IModel[]).map(withTimes)
    : model.content;
  return { ...model, created: known(model.created), last_modified: known(model.last_modified), content };
}
