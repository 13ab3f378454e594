/** The text of a dialog that keeps its lines: JupyterLab itself puts them into one. */

import { Widget } from '@lumino/widgets';

export function question(text: string): Widget {
  const body = new Widget();
  body.addClass('jp-Reana-question');
  body.node.textContent = text;
  return body;
}
