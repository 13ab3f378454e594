/** Determines the visible rows of a long list. */

import * as React from 'react';

/** Height of a row, as in the style sheet. */
export const ROW_PX = 26;
/** Rows rendered above and below the visible ones, so that scrolling shows no gap. */
const OVERSCAN_ROWS = 20;
const DEFAULT_HEIGHT_PX = 800;

interface Viewport {
  readonly pane: React.RefObject<HTMLDivElement>;
  /** The first rendered row, and the one after the last. */
  readonly first: number;
  readonly end: number;
  /** Measure again after scrolling. */
  readonly look: () => void;
  /** Scroll a row into view and focus it. */
  readonly reveal: (row: number) => void;
}

export function useViewport(rows: number): Viewport {
  const pane = React.useRef<HTMLDivElement>(null);
  const wanted = React.useRef(-1);
  const [place, setPlace] = React.useState({ top: 0, height: DEFAULT_HEIGHT_PX, asked: 0 });
  const look = (): void => {
    const { scrollTop = 0, clientHeight = DEFAULT_HEIGHT_PX } = pane.current ?? {};
    setPlace(({ asked }) => ({ top: scrollTop, height: clientHeight, asked: asked + 1 }));
  };
  React.useLayoutEffect(look, [rows]);
  const first = Math.max(0, Math.min(rows, Math.floor(place.top / ROW_PX)) - OVERSCAN_ROWS);
  const end = Math.min(rows, Math.ceil((place.top + place.height) / ROW_PX) + OVERSCAN_ROWS);
  React.useLayoutEffect(() => {
    // The wanted row may have to be rendered first, so each rendering looks for it.
    const items = pane.current?.querySelectorAll<HTMLElement>('[role="treeitem"]');
    const item = wanted.current < 0 ? undefined : items?.[wanted.current - first];
    if (item) {
      wanted.current = -1;
      item.focus();
    }
  });
  const reveal = (row: number): void => {
    const node = pane.current;
    wanted.current = row;
    if (node) {
      // The sticky column header covers one row.
      const above = ROW_PX * row;
      const below = above + 2 * ROW_PX - node.clientHeight;
      node.scrollTop = Math.max(below, Math.min(above, node.scrollTop));
    }
    look();
  };
  return { pane, first, end, look, reveal };
}
