/** Which rows of a long list are in sight. */

import * as React from 'react';

/** As the style has it. */
export const ROW_PX = 26;
/** Drawn above and below what is in sight: scrolling shows no gap. */
const SPARE = 20;
const USUAL_PX = 800;

interface Sight {
  readonly pane: React.RefObject<HTMLDivElement>;
  /** The first row that is drawn, and the one after the last. */
  readonly first: number;
  readonly end: number;
  /** Look again: it was scrolled. */
  readonly look: () => void;
  /** Bring a row into sight, and give it the focus. */
  readonly reveal: (row: number) => void;
}

export function useSight(rows: number): Sight {
  const pane = React.useRef<HTMLDivElement>(null);
  const wanted = React.useRef(-1);
  const [place, setPlace] = React.useState({ top: 0, height: USUAL_PX, asked: 0 });
  const look = (): void => {
    const { scrollTop = 0, clientHeight = USUAL_PX } = pane.current ?? {};
    setPlace(({ asked }) => ({ top: scrollTop, height: clientHeight, asked: asked + 1 }));
  };
  React.useLayoutEffect(look, [rows]);
  const first = Math.max(0, Math.min(rows, Math.floor(place.top / ROW_PX)) - SPARE);
  const end = Math.min(rows, Math.ceil((place.top + place.height) / ROW_PX) + SPARE);
  React.useLayoutEffect(() => {
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
      // The head of the columns stays above the rows, and takes the height of one.
      const above = ROW_PX * row;
      const below = above + 2 * ROW_PX - node.clientHeight;
      node.scrollTop = Math.max(below, Math.min(above, node.scrollTop));
    }
    look();
  };
  return { pane, first, end, look, reveal };
}
