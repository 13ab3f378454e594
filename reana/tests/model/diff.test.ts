/** The difference of two texts. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { diffLines, hunks } from '../../src/model/diff';

const spelled = (before: string, after: string): string[] =>
  diffLines(before, after).map(({ kind, text }) => `${{ same: ' ', removed: '-', added: '+' }[kind]}${text}`);

void test('equal texts have no hunks', () => {
  assert.deepEqual(hunks(diffLines('a\nb\n', 'a\nb\n')), []);
});

void test('a changed line is removed and added', () => {
  assert.deepEqual(spelled('a\nb\nc', 'a\nx\nc'), [' a', '-b', '+x', ' c']);
});

void test('empty texts', () => {
  assert.deepEqual(spelled('', 'a\nb\n'), ['+a', '+b']);
  assert.deepEqual(spelled('a', ''), ['-a']);
});

void test('a repeated line is matched once', () => {
  assert.deepEqual(spelled('a\na', 'a'), [' a', '-a']);
});

void test('both texts can be rebuilt from the diff', () => {
  for (let seed = 0; seed < 300; seed++) {
    const line = (index: number, factor: number): string => 'abc'[(seed * factor + index * index * 7) % 3] ?? '';
    const before = Array.from({ length: seed % 7 }, (_, index) => line(index, 3));
    const after = Array.from({ length: (seed * 5) % 8 }, (_, index) => line(index, 11));
    const lines = diffLines(before.join('\n'), after.join('\n'));
    assert.deepEqual(
      lines.filter(({ kind }) => kind !== 'added').map(({ text }) => text),
      before
    );
    assert.deepEqual(
      lines.filter(({ kind }) => kind !== 'removed').map(({ text }) => text),
      after
    );
  }
});

void test('lines have the number of their own text', () => {
  assert.deepEqual(
    diffLines('a\nb', 'b').map(({ before, after }) => [before, after]),
    [
      [1, null],
      [2, 1]
    ]
  );
});

void test('distant changes are separate hunks with the number of skipped lines', () => {
  const before = Array.from({ length: 40 }, (_, index) => String(index));
  const after = before.with(5, 'x').with(30, 'y');
  const found = hunks(diffLines(before.join('\n'), after.join('\n')), 2);
  assert.deepEqual(
    found.map(({ skipped, lines }) => [skipped, lines.length]),
    [
      [3, 6],
      [20, 6]
    ]
  );
});

void test('very long texts are replaced as a whole', () => {
  const long = (word: string): string => Array.from({ length: 2100 }, (_, index) => word + String(index)).join('\n');
  assert.equal(diffLines(`head\n${long('a')}`, `head\n${long('b')}`).length, 4201);
});
