/** What people type becomes values, or is said to be wrong. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Field } from '../../src/api/create';
import { kindOf, nameMistake, ParameterForm, read } from '../../src/model/form';

const field = (name: string, kind: string, value: Field['value']): Field => ({ name, kind, value, choices: [] });

void test('only what was changed is sent, with its kind', () => {
  const form = new ParameterForm([
    field('events', 'integer', 1000),
    field('title', 'string', 'a'),
    field('on', 'boolean', true)
  ]);
  form.type('events', '2000');
  form.type('on', 'false');
  assert.deepEqual(form.changes, { events: 2000, on: false });
});

void test('a reverted change is not sent', () => {
  const form = new ParameterForm([field('events', 'integer', 1000)]);
  form.type('events', '2');
  form.type('events', '1000');
  assert.deepEqual(form.changes, {});
});

void test('a text that looks like a number stays a text', () => {
  assert.deepEqual(read('string', '007'), { value: '007', mistake: null });
});

void test('validation errors have a kind', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['integer', 'abc'],
    ['integer', ''],
    ['number', '1,5'],
    ['number', 'Infinity'],
    ['list', '{"a": 1}'],
    ['list', '[1'],
    ['object', '[1]'],
    ['object', 'null']
  ];
  assert.deepEqual(
    cases.map(([kind, text]) => read(kind, text).mistake),
    ['integer', 'integer', 'number', 'number', 'json', 'json', 'json', 'json']
  );
});

void test('a form with a mistake is not valid', () => {
  const form = new ParameterForm([field('events', 'integer', 1)]);
  form.type('events', 'many');
  assert.equal(form.valid, false);
});

void test('undeclared values have a kind', () => {
  assert.deepEqual([1, 1.5, 'a', true, [1], { a: 1 }, null].map(kindOf), [
    'integer',
    'number',
    'string',
    'boolean',
    'list',
    'object',
    'string'
  ]);
});

void test('a name may contain dashes and any letters, but no dots or slashes', () => {
  assert.deepEqual(
    ['my-analysis', 'größe 2', 'a.b', 'a/b', '', '  '].map(name => nameMistake(name)),
    [null, null, 'name', 'name', 'name', 'name']
  );
});
