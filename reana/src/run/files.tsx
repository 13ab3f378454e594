/** The files of a run: view, download, upload and delete. */

import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import * as React from 'react';

import { ReanaError } from '../api/errors';
import { fullName, hasEnded, type WorkspaceFile } from '../api/values';
import { buildTree, filesBelow, selectedFiles, type Order, type TreeNode } from '../model/tree';
import { size } from '../model/time';
import { sequentially, Transfer } from '../model/transfers';
import { Commands } from '../tokens';
import { Button, StatePane } from '../ui/components';
import { pictures } from '../ui/icons';
import { dialogText } from '../ui/dialogtext';
import { SearchField } from '../ui/search';
import { errorSentence, language, useTranslator } from '../ui/texts';
import type { RunProps } from './context';
import { FileTree } from './filetree';
import { useOwner } from './owner';
import { Loaded } from './states';
import { TransferList } from './transfers';

export function Files(props: RunProps): React.JSX.Element {
  const trans = useTranslator();
  const { run, reana } = props;
  if (run.run.value?.status === 'deleted') {
    return (
      <StatePane
        picture={pictures.empty}
        title={trans.__('This run was deleted')}
        text={trans.__('Its files may have been deleted as well.')}
      />
    );
  }
  const mine = useOwner(reana, run) === '';
  const upload = mine ? (files: readonly File[]): void => void put(props, files) : null;
  return (
    <DropZone upload={upload}>
      <TransferList transfers={props.transfers} trans={reana.trans} />
      <Loaded part={run.files} show={files => <Workspace {...props} files={files} upload={upload} />} />
    </DropZone>
  );
}

/** Uploads files; null: the run belongs to another user and is read-only. */
type Upload = ((files: readonly File[]) => void) | null;

interface WorkspaceProps extends RunProps {
  readonly files: readonly WorkspaceFile[];
  readonly upload: Upload;
}

function Workspace(props: WorkspaceProps): React.JSX.Element {
  const { files, upload } = props;
  const [search, setSearch] = React.useState('');
  const [order, setOrder] = React.useState<Order>({ key: 'name', descending: false });
  const [selection, setSelection] = React.useState<ReadonlySet<string>>(new Set());
  const tree = React.useMemo(() => buildTree(matching(files, search), order), [files, search, order]);
  const shown = filesBelow(tree);
  if (files.length === 0) {
    return <NoFiles upload={upload} />;
  }
  const tools = {
    chosen: selectedFiles(tree, selection),
    shown,
    search,
    setSearch,
    unselect: () => setSelection(new Set())
  };
  return (
    <>
      <FileTools {...props} {...tools} />
      <FileTree
        tree={tree}
        order={order}
        setOrder={setOrder}
        expandAll={search !== ''}
        selection={selection}
        select={setSelection}
        open={props.openFile}
      />
      <FileTotals files={shown} />
    </>
  );
}

function NoFiles({ upload }: Pick<WorkspaceProps, 'upload'>): React.JSX.Element {
  const trans = useTranslator();
  return (
    <StatePane
      picture={pictures.empty}
      title={trans.__('No files yet')}
      text={upload ? trans.__('Drop files here to upload them to the workspace of this run.') : undefined}
    >
      {upload ? <UploadButton upload={upload} /> : null}
    </StatePane>
  );
}

function FileTotals({ files }: { files: readonly TreeNode[] }): React.JSX.Element {
  const trans = useTranslator();
  const bytes = files.reduce((sum, file) => sum + Math.max(0, file.size), 0);
  return (
    <p className="jp-Reana-fileSum" role="status">
      {trans._n('%1 file', '%1 files', files.length)}, {size(bytes, language())}
    </p>
  );
}

interface ToolsProps extends WorkspaceProps {
  readonly chosen: readonly TreeNode[];
  readonly shown: readonly TreeNode[];
  readonly search: string;
  readonly setSearch: (search: string) => void;
  readonly unselect: () => void;
}

/** Toolbar for the selected files, or for all that are shown. */
function FileTools(props: ToolsProps): React.JSX.Element {
  const trans = useTranslator();
  const { chosen, shown, search, setSearch, unselect, upload, run, commands } = props;
  const remove = (): void => void deleteFiles(props, chosen).then(gone => gone && unselect());
  const download = (): void => void downloadFiles(props, chosen.length > 0 ? chosen : shown);
  return (
    <div className="jp-Reana-fileTools">
      <SearchField label={trans.__('Search files')} value={search} settle={setSearch} />
      {upload ? <UploadButton upload={upload} /> : null}
      <Button onClick={() => void commands.execute(Commands.browse, { id: run.id })}>
        {trans.__('Show in the file browser')}
      </Button>
      {upload && hasEnded(run.run.value?.status ?? '') ? (
        <Button onClick={() => void commands.execute(Commands.prune, { id: run.id }).then(() => run.files.load())}>
          {trans.__('Prune…')}
        </Button>
      ) : null}
      {upload ? (
        <Button disabled={chosen.length === 0} onClick={remove}>
          {trans.__('Delete…')}
        </Button>
      ) : null}
      <Button kind="accept" disabled={shown.length === 0} onClick={download}>
        {chosen.length > 0
          ? trans._n('Download %1 file', 'Download %1 files', chosen.length)
          : trans.__('Download all')}
      </Button>
    </div>
  );
}

function matching(files: readonly WorkspaceFile[], search: string): readonly WorkspaceFile[] {
  const wanted = search.toLowerCase();
  return wanted ? files.filter(({ name }) => name.toLowerCase().includes(wanted)) : files;
}

function UploadButton({ upload }: { upload: (files: readonly File[]) => void }): React.JSX.Element {
  const trans = useTranslator();
  const input = React.useRef<HTMLInputElement>(null);
  return (
    <>
      <Button onClick={() => input.current?.click()}>{trans.__('Upload…')}</Button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={trans.__('Files to upload')}
        onChange={({ target }) => {
          upload(Array.from(target.files ?? []));
          // Otherwise choosing the same file again would fire no event.
          target.value = '';
        }}
      />
    </>
  );
}

interface DropProps {
  readonly upload: Upload;
  readonly children: React.ReactNode;
}

/** Accepts files dropped from the desktop. */
function DropZone({ upload, children }: DropProps): React.JSX.Element {
  const [over, setOver] = React.useState(false);
  // Dragged text and links are left to the browser.
  const carries = (event: React.DragEvent): boolean => upload !== null && event.dataTransfer.types.includes('Files');
  return (
    <div
      className="jp-Reana-files"
      data-over={over}
      onDragOver={event => {
        if (carries(event)) {
          // Marks a drop target: otherwise the browser would open the dropped file.
          event.preventDefault();
          setOver(true);
        }
      }}
      onDragLeave={() => setOver(false)}
      onDrop={event => {
        setOver(false);
        if (carries(event)) {
          event.preventDefault();
          upload?.(Array.from(event.dataTransfer.files));
        }
      }}
    >
      {children}
    </div>
  );
}

/** Download files into the run's folder below Jupyter's root; empty: all files. */
async function downloadFiles({ run, reana, transfers }: RunProps, files: readonly TreeNode[]): Promise<void> {
  const { trans, api } = reana;
  const paths = files.map(({ path }) => path);
  const transfer = new Transfer('download', async (signal, report, miss) => {
    miss(await api.workspace.download(run.id, paths, signal, report));
  });
  if ((await transfers.add(transfer)) === 'done') {
    const folder = run.run.value ? fullName(run.run.value) : '';
    Notification.success(
      trans._n('%1 file is in the folder “%2”.', '%1 files are in the folder “%2”.', files.length, folder),
      { autoClose: 5000 }
    );
  }
}

async function put({ run, reana, transfers }: RunProps, files: readonly File[]): Promise<void> {
  const pieces = files.map(file => ({
    name: file.name,
    size: file.size,
    move: (signal: AbortSignal, report: (bytes: number) => void) =>
      reana.api.workspace.upload(run.id, file.name, file, signal, report)
  }));
  if (pieces.length > 0) {
    await transfers.add(new Transfer('upload', sequentially(pieces)));
    // Also after a failure: some of the files may have been uploaded.
    await run.files.load().catch(() => undefined);
  }
}

const MAX_NAMED = 8;

/** Resolves to false if the user cancelled. */
async function deleteFiles({ run, reana }: RunProps, files: readonly TreeNode[]): Promise<boolean> {
  const { trans, api } = reana;
  const names = files.slice(0, MAX_NAMED).map(({ path }) => path);
  const more = files.length > MAX_NAMED ? `\n${trans.__('and %1 more', String(files.length - MAX_NAMED))}` : '';
  const result = await showDialog({
    title: trans._n('Delete %1 file?', 'Delete %1 files?', files.length),
    body: dialogText(`${trans.__('The following files will be permanently deleted:')}\n${names.join('\n')}${more}`),
    buttons: [Dialog.cancelButton({ label: trans.__('Cancel') }), Dialog.warnButton({ label: trans.__('Delete') })],
    defaultButton: 0
  });
  if (!result.button.accept) {
    return false;
  }
  try {
    // In sequence: the first failure ends it, and the reloaded list shows what is left.
    for (const { path } of files) {
      await api.workspace.remove(run.id, path);
    }
  } catch (error) {
    Notification.error(error instanceof ReanaError ? errorSentence(trans, error) : String(error), {
      autoClose: 10_000
    });
  }
  await run.files.load().catch(() => undefined);
  return true;
}
