/** Builds a folder tree from a flat list of files, and its visible rows. */

import type { WorkspaceFile } from '../api/values';

export interface TreeNode {
  readonly name: string;
  readonly path: string;
  readonly folder: boolean;
  /** For a folder: of everything in it. */
  readonly size: number;
  readonly modifiedAt: string | null;
  readonly children: readonly TreeNode[];
}

export type SortKey = 'name' | 'size' | 'modified';

export interface Order {
  readonly key: SortKey;
  readonly descending: boolean;
}

interface Building {
  readonly folders: Map<string, Building>;
  readonly files: WorkspaceFile[];
}

const empty = (): Building => ({ folders: new Map(), files: [] });

export function buildTree(files: readonly WorkspaceFile[], order: Order): TreeNode[] {
  const root = empty();
  for (const file of files) {
    const parts = file.name.split('/').filter(part => part !== '');
    let here = root;
    for (const part of parts.slice(0, -1)) {
      const next = here.folders.get(part) ?? empty();
      here.folders.set(part, next);
      here = next;
    }
    here.files.push(file);
  }
  return nodes(root, '', order);
}

function nodes(from: Building, prefix: string, order: Order): TreeNode[] {
  const folders = [...from.folders].map(([name, inside]) => {
    const path = prefix + name;
    const children = nodes(inside, `${path}/`, order);
    return { name, path, folder: true, size: total(children), modifiedAt: newest(children), children };
  });
  const files = from.files.map(file => ({
    name: file.name.slice(file.name.lastIndexOf('/') + 1),
    path: file.name,
    folder: false,
    size: file.size,
    modifiedAt: file.modifiedAt,
    children: []
  }));
  return [...folders.sort(compare(order)), ...files.sort(compare(order))];
}

function total(children: readonly TreeNode[]): number {
  // An unknown size is -1.
  return children.reduce((sum, child) => sum + Math.max(0, child.size), 0);
}

function newest(children: readonly TreeNode[]): string | null {
  return children.reduce<string | null>(
    // ISO times in the same zone sort as text.
    (latest, { modifiedAt }) => ((modifiedAt ?? '') > (latest ?? '') ? modifiedAt : latest),
    null
  );
}

// With `numeric`, plot2 comes before plot10.
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

function compare({ key, descending }: Order): (a: TreeNode, b: TreeNode) => number {
  const sign = descending ? -1 : 1;
  return (a, b) => {
    const first =
      key === 'size'
        ? a.size - b.size
        : key === 'modified'
          ? collator.compare(a.modifiedAt ?? '', b.modifiedAt ?? '')
          : 0;
    return sign * (first || collator.compare(a.name, b.name));
  };
}

export interface Row {
  readonly node: TreeNode;
  /** From 1, like `aria-level`. */
  readonly level: number;
  readonly expanded: boolean;
  readonly position: number;
  readonly siblings: number;
}

/** Visible rows: top nodes and the children of open folders. */
export function visibleRows(tree: readonly TreeNode[], open: ReadonlySet<string>, level = 1): Row[] {
  return tree.flatMap((node, index) => {
    const expanded = node.folder && open.has(node.path);
    const row: Row = { node, level, expanded, position: index + 1, siblings: tree.length };
    return expanded ? [row, ...visibleRows(node.children, open, level + 1)] : [row];
  });
}

/** Every file below these nodes, by path. */
export function filesBelow(tree: readonly TreeNode[]): TreeNode[] {
  return tree.flatMap(node => (node.folder ? filesBelow(node.children) : [node]));
}

/** Files of a selection of files and folders, without duplicates. */
export function selectedFiles(tree: readonly TreeNode[], selection: ReadonlySet<string>): TreeNode[] {
  return tree.flatMap(node =>
    selection.has(node.path) ? filesBelow([node]) : node.folder ? selectedFiles(node.children, selection) : []
  );
}

export function allFolders(tree: readonly TreeNode[]): string[] {
  return tree.flatMap(node => (node.folder ? [node.path, ...allFolders(node.children)] : []));
}
