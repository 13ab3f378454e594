/** Every sentence of the sources has its German one, and no German one is left over. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const CATALOGUE = 'reana_jupyterlab/locale/de_DE/LC_MESSAGES/reana_jupyterlab.json';
const TEXT = String.raw`'((?:[^'\\]|\\.)*)'`;
const ONE = new RegExp(String.raw`__\(\s*${TEXT}`, 'g');
const MANY = new RegExp(String.raw`_n\(\s*${TEXT},\s*${TEXT}`, 'g');

function sentences(pattern: RegExp): string[] {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(name => /\.tsx?$/.test(name));
  const found = files.flatMap(name => [...readFileSync(join('src', name), 'utf8').matchAll(pattern)]);
  return found.map(match => match[1] ?? '');
}

const catalogue = JSON.parse(readFileSync(CATALOGUE, 'utf8')) as Record<string, string[]>;

void test('the catalogue has exactly the texts of the sources', () => {
  const said = new Set([...sentences(ONE), ...sentences(MANY)]);
  assert.deepEqual(Object.keys(catalogue).filter(Boolean).sort(), [...said].sort());
});

void test('plural texts have two forms', () => {
  for (const sentence of sentences(MANY)) {
    assert.equal(catalogue[sentence]?.length, 2, sentence);
  }
});

void test('every translation has the placeholders of its text', () => {
  const blanks = (sentence: string): string[] => (sentence.match(/%\d/g) ?? []).sort();
  for (const [sentence, forms] of Object.entries(catalogue).filter(([key]) => key)) {
    forms.forEach(form => assert.deepEqual(blanks(form), blanks(sentence), sentence));
  }
});
