/** The tree of a workspace. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { allFolders, buildTree, filesBelow, selectedFiles, visibleRows, type Order } from '../../src/model/tree';

const NAMES: Order = { key: 'name', descending: false };
const file = (
  name: string,
  size = 1,
  modifiedAt: string | null = null
): { name: string; size: number; modifiedAt: string | null } => ({
  name,
  size,
  modifiedAt
});
const FILES = [
  file('results/b/2.csv', 20),
  file('a10.txt', 5),
  file('a9.txt', 7),
  file('results/a.txt', 1),
  file('code/x.py', 3)
];

void test('folders come first, numbers count as numbers', () => {
  assert.deepEqual(
    buildTree(FILES, NAMES).map(({ path }) => path),
    ['code', 'results', 'a9.txt', 'a10.txt']
  );
});

void test('a folder has the size of its contents', () => {
  const results = buildTree(FILES, NAMES)[1];
  assert.equal(results?.size, 21);
});

void test('by size, descending', () => {
  assert.deepEqual(
    buildTree(FILES, { key: 'size', descending: true }).map(({ path }) => path),
    ['results', 'code', 'a9.txt', 'a10.txt']
  );
});

void test('sorted by time, files without a time come first', () => {
  const files = [file('new', 1, '2026-02-01T00:00:00Z'), file('old', 1, '2026-01-01T00:00:00Z'), file('never')];
  assert.deepEqual(
    buildTree(files, { key: 'modified', descending: false }).map(({ path }) => path),
    ['never', 'old', 'new']
  );
});

void test('only open folders show their children, with level and position', () => {
  const rows = visibleRows(buildTree(FILES, NAMES), new Set(['results']));
  assert.deepEqual(
    rows.map(({ node, level, position, siblings }) => [node.path, level, position, siblings]),
    [
      ['code', 1, 1, 4],
      ['results', 1, 2, 4],
      ['results/b', 2, 1, 2],
      ['results/a.txt', 2, 2, 2],
      ['a9.txt', 1, 3, 4],
      ['a10.txt', 1, 4, 4]
    ]
  );
});

void test('a folder and a file in it select the file once', () => {
  const tree = buildTree(FILES, NAMES);
  const chosen = selectedFiles(tree, new Set(['results', 'results/a.txt', 'a9.txt']));
  assert.deepEqual(
    chosen.map(({ path }) => path),
    ['results/b/2.csv', 'results/a.txt', 'a9.txt']
  );
});

void test('ten thousand files make a tree', () => {
  const many = Array.from({ length: 10_000 }, (_, index) => file(`d${index % 100}/f${index}.txt`));
  const tree = buildTree(many, NAMES);
  assert.equal(filesBelow(tree).length, 10_000);
  assert.equal(visibleRows(tree, new Set(allFolders(tree))).length, 10_100);
});

void test('names of object properties are valid names', () => {
  const tree = buildTree([file('__proto__/constructor'), file('toString')], NAMES);
  assert.deepEqual(
    filesBelow(tree).map(({ path }) => path),
    ['__proto__/constructor', 'toString']
  );
});
