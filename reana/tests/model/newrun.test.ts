/** A run that is prepared: what is needed for what. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { CreateApi } from '../../src/api/create';
import { NewRun } from '../../src/model/newrun';

void test('a file is validated before a name is typed; running needs a name', async () => {
  const form = { name: '', engine: 'serial', parameters: [], options: [], files: [], directories: [] };
  const checked = { valid: true, output: '', problems: [] };
  const api = { validate: () => Promise.resolve(checked), form: () => Promise.resolve(form) };
  const order = new NewRun(api as unknown as CreateApi);
  await order.choose('hello/reana.yaml');
  assert.deepEqual([order.validation?.valid, order.error, order.ready], [true, null, false]);
  order.setName('my-analysis');
  assert.equal(order.ready, true);
  order.dispose();
});
