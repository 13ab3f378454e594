/** Keyboard-accessible file tree: arrows move and fold, Space selects, Enter opens. */

import { caretDownIcon, caretRightIcon, fileIcon, folderIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { ago, exact, size } from '../model/time';
import { allFolders, visibleRows, type Order, type Row, type SortKey, type TreeNode } from '../model/tree';
import { language, useTranslator } from '../ui/texts';
import { ROW_PX, useViewport } from './viewport';

interface TreeProps {
  readonly tree: readonly TreeNode[];
  readonly order: Order;
  readonly setOrder: (order: Order) => void;
  /** Expand all folders, during a search. */
  readonly expandAll: boolean;
  readonly selection: ReadonlySet<string>;
  readonly select: (selection: ReadonlySet<string>) => void;
  readonly open: (path: string) => void;
}

/** Renders only visible rows: there may be ten thousand. */
export function FileTree(props: TreeProps): React.JSX.Element {
  const trans = useTranslator();
  const { selection } = props;
  const [current, setCurrent] = React.useState('');
  const { all: rows, fold } = useRows(props);
  const sight = useViewport(rows.length);
  const act: RowActions = {
    choose: path => props.select(toggled(selection, path)),
    fold,
    open: ({ folder, path }) => (folder ? fold(path) : props.open(path)),
    focus: setCurrent,
    go: index => {
      const target = Math.max(0, Math.min(index, rows.length - 1));
      setCurrent(rows[target]?.node.path ?? '');
      sight.reveal(target);
    }
  };
  const shown = rows.slice(sight.first, sight.end);
  // Exactly one rendered row is a tab stop, even if the current one is scrolled away.
  const tabStop = shown.some(({ node }) => node.path === current) ? current : shown[0]?.node.path;
  return (
    <div className="jp-Reana-tree" ref={sight.pane} onScroll={sight.look}>
      <Head order={props.order} setOrder={props.setOrder} />
      <ul
        role="tree"
        aria-label={trans.__('Files of the run')}
        aria-multiselectable
        // The padding stands in for the rows that are not rendered, so the scroll bar is right.
        style={{ paddingTop: ROW_PX * sight.first, paddingBottom: ROW_PX * Math.max(0, rows.length - sight.end) }}
        onKeyDown={event => walk(event, rows, act)}
      >
        {shown.map(row => {
          const { path } = row.node;
          return <FileRow key={path} row={row} act={act} selected={selection.has(path)} tabStop={path === tabStop} />;
        })}
      </ul>
    </div>
  );
}

function toggled(set: ReadonlySet<string>, path: string): ReadonlySet<string> {
  const changed = new Set(set);
  // `delete` returns true if the path was in the set.
  return changed.delete(path) ? changed : changed.add(path);
}

/** Expanded rows; top-level folders are open at first. */
function useRows({ tree, expandAll }: TreeProps): { all: readonly Row[]; fold: (path: string) => void } {
  const [opened, setOpened] = React.useState<ReadonlySet<string>>(() => new Set(tree.map(({ path }) => path)));
  const open = React.useMemo(() => (expandAll ? new Set(allFolders(tree)) : opened), [expandAll, opened, tree]);
  return { all: visibleRows(tree, open), fold: path => setOpened(toggled(opened, path)) };
}

interface RowActions {
  readonly choose: (path: string) => void;
  readonly fold: (path: string) => void;
  readonly open: (node: TreeNode) => void;
  readonly focus: (path: string) => void;
  /** Go to a row by its index, visible or not. */
  readonly go: (index: number) => void;
}

interface RowProps {
  readonly row: Row;
  readonly act: RowActions;
  readonly selected: boolean;
  readonly tabStop: boolean;
}

function FileRow({ row, act, selected, tabStop }: RowProps): React.JSX.Element {
  const { node, level, expanded } = row;
  return (
    <li
      role="treeitem"
      aria-label={node.name}
      aria-level={level}
      aria-setsize={row.siblings}
      aria-posinset={row.position}
      aria-expanded={node.folder ? expanded : undefined}
      aria-selected={selected}
      tabIndex={tabStop ? 0 : -1}
      data-path={node.path}
      onFocus={() => act.focus(node.path)}
      onClick={() => act.choose(node.path)}
    >
      <span className="jp-Reana-mark" aria-hidden>
        {selected ? '☑' : '☐'}
      </span>
      <FileName row={row} act={act} />
      <span className="jp-Reana-size">{size(node.size, language())}</span>
      <span className="jp-Reana-modified" title={exact(node.modifiedAt, language())}>
        {ago(node.modifiedAt, Date.now(), language())}
      </span>
    </li>
  );
}

/** Clicking the name opens, the triangle folds, the rest of the row selects. */
function FileName({ row: { node, level, expanded }, act }: Pick<RowProps, 'row' | 'act'>): React.JSX.Element {
  const caret = expanded ? caretDownIcon : caretRightIcon;
  const kind = node.folder ? folderIcon : fileIcon;
  const only = (action: () => void) => (event: React.MouseEvent) => {
    // A click on the row itself selects it.
    event.stopPropagation();
    action();
  };
  return (
    <>
      <span
        className="jp-Reana-fold"
        style={{ marginLeft: `${16 * (level - 1)}px` }}
        aria-hidden
        onClick={only(() => node.folder && act.fold(node.path))}
      >
        {node.folder ? <caret.react tag="span" /> : null}
      </span>
      <kind.react tag="span" aria-hidden />
      <span
        className={node.folder ? 'jp-Reana-name' : 'jp-Reana-name jp-Reana-fileName'}
        onClick={only(() => act.open(node))}
      >
        {node.name}
      </span>
    </>
  );
}

function Head({ order, setOrder }: Pick<TreeProps, 'order' | 'setOrder'>): React.JSX.Element {
  const trans = useTranslator();
  const words: readonly (readonly [SortKey, string])[] = [
    ['name', trans.__('Name')],
    ['size', trans.__('Size')],
    ['modified', trans.__('Modified')]
  ];
  return (
    <div className="jp-Reana-treeHead" role="group" aria-label={trans.__('Sort order of the files')}>
      {words.map(([key, word]) => (
        <button
          key={key}
          type="button"
          data-key={key}
          aria-pressed={order.key === key}
          onClick={() => setOrder({ key, descending: order.key === key && !order.descending })}
        >
          {word} {order.key === key ? <span aria-hidden>{order.descending ? '↓' : '↑'}</span> : null}
        </button>
      ))}
    </div>
  );
}

function walk(event: React.KeyboardEvent<HTMLElement>, rows: readonly Row[], act: RowActions): void {
  const path = (document.activeElement as HTMLElement | null)?.dataset.path;
  const here = rows.findIndex(({ node }) => node.path === path);
  const row = rows[here];
  if (!row) {
    return;
  }
  const parent = (): number => rows.slice(0, here).findLastIndex(({ level }) => level < row.level);
  const keys: Readonly<Record<string, () => void>> = {
    ArrowDown: () => act.go(here + 1),
    ArrowUp: () => act.go(here - 1),
    Home: () => act.go(0),
    End: () => act.go(rows.length - 1),
    ArrowRight: () => (row.node.folder && !row.expanded ? act.fold(row.node.path) : act.go(here + 1)),
    ArrowLeft: () => (row.expanded ? act.fold(row.node.path) : act.go(parent())),
    Enter: () => act.open(row.node),
    ' ': () => act.choose(row.node.path)
  };
  const key = keys[event.key];
  if (key) {
    event.preventDefault();
    event.stopPropagation();
    key();
  }
}
