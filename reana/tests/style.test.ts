/** The style reaches nothing but what is ours, and asks no other host for anything. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const sheets = readdirSync('style').filter(name => name.endsWith('.css'));

function selectors(sheet: string): string[] {
  const text = readFileSync(join('style', sheet), 'utf8').replace(/\/\*[^]*?\*\//g, '');
  const heads = [...text.matchAll(/([^{};]+)\{/g)].map(([, head = '']) => head.trim());
  return heads.filter(head => !head.startsWith('@') && !/^(to|from|\d+%)$/.test(head));
}

void test('every style rule is scoped to the extension', () => {
  const rules = sheets.flatMap(selectors);
  assert.ok(rules.length > 50);
  assert.deepEqual(
    rules.filter(rule => !rule.includes('jp-Reana')),
    []
  );
});

void test('styles load nothing from other hosts', () => {
  const texts = sheets.map(name => readFileSync(join('style', name), 'utf8'));
  assert.deepEqual(
    texts.filter(text => /https?:|url\(\s*['"]?\/\//.test(text)),
    []
  );
});
