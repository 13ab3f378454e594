/** Runs that were created and not started: told, kept, completed. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { CreateApi } from '../../src/api/create';
import { ReanaError } from '../../src/api/errors';
import { Incomplete } from '../../src/model/incomplete';
import { NewRun } from '../../src/model/newrun';
import { RunStore } from '../../src/model/runstore';
import type { Run } from '../../src/api/values';

const WANTED = { name: 'a', path: 'hello/reana.yaml', parameters: { n: 3 }, options: {} };
const BROKEN = { wanted: WANTED, message: 'The disk is full.' };
const run = (status: string): Run => ({ id: '1', status }) as Run;

function made(complete: () => Promise<void>, status = 'created'): { incomplete: Incomplete; store: RunStore } {
  const store = new RunStore({ get: () => Promise.resolve(run(status)), list: () => Promise.reject(new Error()) });
  const incomplete = new Incomplete({ complete }, store);
  incomplete.put('1', BROKEN);
  return { incomplete, store };
}

void test('an incomplete run has its reason and its request', async () => {
  const form = { name: 'a', engine: 'serial', parameters: [], options: [], files: [], directories: [] };
  const failure = new ReanaError(500, 'The disk is full.', '', { workflow: { id: '1' }, file: 'x' });
  const api = {
    validate: () => Promise.resolve({ valid: true, output: '', problems: [] }),
    form: () => Promise.resolve(form),
    run: () => Promise.reject(failure)
  };
  const order = new NewRun(api as unknown as CreateApi);
  await order.choose('hello/reana.yaml');
  assert.deepEqual([await order.run(), order.broken], ['1', { ...BROKEN, wanted: { ...WANTED, parameters: {} } }]);
  order.dispose();
});

void test('a failed retry updates the reason, a successful one removes the entry', async () => {
  let [failing, tried] = [true, 0];
  const { incomplete } = made(() => {
    tried += 1;
    return failing ? Promise.reject(new ReanaError(500, 'Still full.')) : Promise.resolve();
  });
  assert.deepEqual([await incomplete.complete('1'), incomplete.get('1')?.message], [false, 'Still full.']);
  failing = false;
  assert.deepEqual([await incomplete.complete('1'), incomplete.get('1'), tried], [true, null, 2]);
  assert.equal(await incomplete.complete('1'), false);
});

void test('two clicks upload once', async () => {
  let tried = 0;
  const { incomplete } = made(() => {
    tried += 1;
    return Promise.resolve();
  });
  assert.deepEqual(await Promise.all([incomplete.complete('1'), incomplete.complete('1')]), [true, false]);
  assert.equal(tried, 1);
});

void test('a run started with another client is complete', () => {
  const { incomplete, store } = made(() => Promise.resolve());
  store.receive(run('created'));
  assert.deepEqual(incomplete.get('1'), BROKEN);
  store.receive(run('queued'));
  assert.equal(incomplete.get('1'), null);
});

void test('saved state is restored, invalid entries are skipped', () => {
  const { incomplete } = made(() => Promise.resolve());
  const other = made(() => Promise.resolve()).incomplete;
  const kept = JSON.parse(JSON.stringify({ ...incomplete.kept })) as { runs: object[] };
  const fresh = new Incomplete({ complete: () => Promise.resolve() }, new RunStore({} as never));
  for (const one of [undefined, null, 7, [], { runs: 'x' }, { runs: [{ id: '2' }, null, { wanted: WANTED }] }, kept]) {
    fresh.restore(one);
  }
  assert.deepEqual([fresh.get('1'), fresh.get('2')], [BROKEN, null]);
  for (let number = 0; number < 60; number++) {
    other.put(`n${number}`, BROKEN);
  }
  assert.deepEqual([other.get('1'), other.get('n59')], [null, BROKEN]);
});
