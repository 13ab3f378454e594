/** The extension's own icons; they take their colours from JupyterLab's theme. */

import { LabIcon } from '@jupyterlab/ui-components';

const svg = (inside: string, attributes = ''): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16" ${attributes}>${inside}</svg>`;

const line = (d: string): string =>
  `<path class="jp-icon3" stroke="#616161" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" fill="none" d="${d}"/>`;

/** Without a theme class: the icon has the colour of the surrounding text. */
const plain = (d: string): string =>
  `<path stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" fill="none" d="${d}"/>`;

function icon(name: string, inside: string): LabIcon {
  return new LabIcon({ name: `reana-jupyterlab:${name}`, svgstr: svg(inside) });
}

/** Three steps of a workflow, the last one with two inputs. */
export const reanaIcon = icon(
  'reana',
  `<g class="jp-icon3" fill="#616161"><circle cx="3" cy="3.5" r="2"/><circle cx="3" cy="12.5" r="2"/><circle cx="12.5" cy="8" r="2.5"/></g>` +
    line('M5 3.5h2.2L10.4 6.6M5 12.5h2.2L10.4 9.4')
);

export const statusIcons: Readonly<Record<string, LabIcon>> = {
  created: icon('created', plain('M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11')),
  queued: icon('queued', plain('M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M8 5v3l2 1.5')),
  pending: icon('pending', plain('M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M8 5v3l2 1.5')),
  running: icon('running', plain('M8 2.5a5.5 5.5 0 1 1-5.5 5.5')),
  finished: icon('finished', plain('M3 8.5l3.2 3.3L13 4.7')),
  failed: icon('failed', plain('M4 4l8 8M12 4l-8 8')),
  stopped: icon('stopped', plain('M4.5 4.5h7v7h-7z')),
  deleted: icon('deleted', plain('M3.5 8h9'))
};

export const unknownIcon = icon('unknown', plain('M6 6a2 2 0 1 1 2.6 1.9c-.4.2-.6.5-.6 1M8 11.6v.1'));

const wide = (name: string, inside: string): LabIcon =>
  new LabIcon({
    name: `reana-jupyterlab:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 80"><g fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${inside}</g></svg>`
  });

const node = (x: number, y: number, r = 9): string => `<circle cx="${x}" cy="${y}" r="${r}"/>`;

/** A picture for each state without a list. */
export const pictures = {
  empty: wide(
    'empty-picture',
    `<g stroke-dasharray="3 5">${node(24, 22)}${node(24, 58)}${node(92, 40, 12)}<path d="M34 22h14l31 13M34 58h14l31-13"/></g><path d="M92 35v10M87 40h10"/>`
  ),
  filtered: wide('filtered-picture', `<circle cx="52" cy="36" r="20"/><path d="M67 51l18 18M44 36h16"/>`),
  disconnected: wide(
    'disconnected-picture',
    `${node(22, 40)}${node(98, 40)}<path d="M31 40h18M71 40h18M52 34v12M68 34v12"/><path stroke-dasharray="2 4" d="M54 40h12"/>`
  ),
  failed: wide('failed-picture', `<path d="M60 14L92 66H28z"/><path d="M60 32v16M60 56v1"/>`)
} as const;
