/** Dialog text that keeps its line breaks, which JupyterLab's own body collapses. */

import { Widget } from '@lumino/widgets';

export function dialogText(text: string): Widget {
  const body = new Widget();
  body.addClass('jp-Reana-question');
  body.node.textContent = text;
  return body;
}
