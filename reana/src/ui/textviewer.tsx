/** Read-only text in JupyterLab's editor, with syntax colours. */

import { CodeEditor, type IEditorServices } from '@jupyterlab/codeeditor';
import * as React from 'react';

interface ViewerProps {
  readonly text: string;
  readonly label: string;
  readonly mimeType?: string;
}

export type TextViewer = (props: ViewerProps) => React.JSX.Element;

/** A component that shows text in an editor of these services. */
export function textViewer(services: IEditorServices): TextViewer {
  return function Viewer({ text, label, mimeType = 'text/x-yaml' }: ViewerProps): React.JSX.Element {
    const host = React.useRef<HTMLDivElement>(null);
    React.useEffect(() => {
      if (!host.current) {
        return undefined;
      }
      const model = new CodeEditor.Model({ mimeType });
      model.sharedModel.setSource(text);
      const editor = services.factoryService.newInlineEditor({
        host: host.current,
        model,
        config: { readOnly: true, lineNumbers: true, lineWrap: false }
      });
      // The focusable element is inside the editor, so that one gets the label.
      host.current.querySelector('.cm-content')?.setAttribute('aria-label', label);
      return () => {
        editor.dispose();
        model.dispose();
      };
    }, [text, mimeType, label]);
    return <div className="jp-Reana-text" ref={host} />;
  };
}
