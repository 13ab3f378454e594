/** Questions are spelled so that nothing of them is taken for something else. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { queryString } from '../../src/api/send';

void test('typed text is encoded', () => {
  assert.equal(queryString({ search: 'a&status=x' }), '?search=a%26status%3Dx');
  assert.equal(new URLSearchParams(queryString({ search: 'ü 100% #"' })).get('search'), 'ü 100% #"');
});

void test('empty parameters are omitted, lists are repeated', () => {
  assert.equal(queryString({ search: '', page: 1, status: [] }), '?page=1');
  assert.equal(queryString({ status: ['failed', 'running'] }), '?status=failed&status=running');
});
