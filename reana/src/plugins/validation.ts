/** Underlines problems of a `reana.yaml` in the editor while typing. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { CodeMirrorEditor } from '@jupyterlab/codemirror';
import { PathExt } from '@jupyterlab/coreutils';
import { IEditorTracker, type FileEditor } from '@jupyterlab/fileeditor';
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import { lintGutter, linter, type Diagnostic } from '@codemirror/lint';
import type { Text } from '@codemirror/state';

import type { CreateApi } from '../api/create';
import { ReanaError } from '../api/errors';
import type { Problem } from '../api/values';
import { IReana } from '../tokens';

const SPECIFICATION = /^reana(-[^/]*)?\.ya?ml$/i;
const DEBOUNCE_MS = 600;

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'reana-jupyterlab:validation',
  description: 'Problems of a reana.yaml, underlined in the editor.',
  autoStart: true,
  requires: [IReana, IEditorTracker],
  activate: (_app: JupyterFrontEnd, { api }: IReana, tracker: IEditorTracker): void => {
    // An editor must not get a second linter, which would show each problem twice.
    const known = new WeakSet<object>();
    const look = (widget: IDocumentWidget<FileEditor>): void => {
      const { editor } = widget.content;
      const { path } = widget.context;
      if (SPECIFICATION.test(PathExt.basename(path)) && editor instanceof CodeMirrorEditor && !known.has(editor)) {
        known.add(editor);
        editor.injectExtension([
          lintGutter(),
          // The path is read at each check, since the file may be renamed.
          linter(view => check(api.create, widget.context.path, view.state.doc), { delay: DEBOUNCE_MS })
        ]);
      }
    };
    tracker.widgetAdded.connect((_, widget) => {
      void widget.revealed.then(() => look(widget));
    });
    tracker.forEach(look);
  }
};

export default plugin;

/** Shows no problems while the back end fails. */
async function check(api: CreateApi, path: string, text: Text): Promise<Diagnostic[]> {
  try {
    const { problems } = await api.validate(path, text.toString());
    return problems.map(problem => place(problem, text));
  } catch (error) {
    if (error instanceof ReanaError) {
      return [];
    }
    throw error;
  }
}

/** Marks from the column to the end of the line; problems without a line go to the first one. */
export function place({ severity, message, line, column }: Problem, text: Text): Diagnostic {
  // The text may have become shorter since the request.
  const found = text.line(Math.max(1, Math.min(line, text.lines)));
  const from = Math.min(found.to, found.from + Math.max(0, column - 1));
  return { from, to: Math.max(from, found.to), severity, message, source: 'REANA' };
}
