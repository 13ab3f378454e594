/** Two runs side by side. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { JsonObject, Specification } from '../../src/api/values';
import { changedParameters, parametersOf } from '../../src/model/compare';

const run = (defaults: JsonObject, parameters: JsonObject = {}): Specification => ({
  specification: { inputs: { parameters: defaults } },
  parameters
});

void test('an override is compared with the default of the other run', () => {
  assert.deepEqual(changedParameters(run({ n: 1, m: 2 }), run({ n: 1, m: 2 }, { n: 5 })), [
    { name: 'n', before: 1, after: 5, beforeIsDefault: true, afterIsDefault: false }
  ]);
});

void test('different defaults differ; an override equal to the default does not', () => {
  assert.deepEqual(
    changedParameters(run({ n: 1, a: [1], s: 'x' }), run({ n: 2, a: [2], s: 'y' }, { n: 1, s: 'x' })).map(
      ({ name, before, after }) => [name, before, after]
    ),
    [['a', [1], [2]]]
  );
});

void test('a missing parameter is undefined', () => {
  assert.deepEqual(
    changedParameters(run({ old: 1 }), run({}, { fresh: null })).map(({ name, before, after }) => [
      name,
      before,
      after
    ]),
    [
      ['old', 1, undefined],
      ['fresh', undefined, null]
    ]
  );
});

void test('a specification without inputs has no parameters', () => {
  assert.deepEqual(parametersOf({ specification: {}, parameters: {} }), {});
});
