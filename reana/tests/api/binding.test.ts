/** Requests name the connection that they are for. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Binding } from '../../src/api/binding';
import { ReanaError } from '../../src/api/errors';

void test('requests carry the fingerprint once it is known', () => {
  const binding = new Binding();
  assert.deepEqual(binding.headers, {});
  binding.fingerprint = 'abc';
  assert.deepEqual(binding.headers, { 'X-Reana-Connection': 'abc' });
});

void test('only a rejected connection triggers a reload', () => {
  const binding = new Binding();
  let lost = 0;
  binding.lost = () => (lost += 1);
  const others = [{ reason: 'refused' }, { reason: 7 }, null].map(response => new ReanaError(409, '', '', response));
  [...others, new Error()].forEach(error => binding.notice(error));
  assert.equal(lost, 0);
  binding.notice(new ReanaError(409, '', '', { reason: 'changed' }));
  assert.equal(lost, 1);
});
