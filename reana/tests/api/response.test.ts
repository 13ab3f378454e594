/** What the front end makes of answers: a refusal is never taken for one, and nothing that came is renamed or left out. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ServerConnection } from '@jupyterlab/services';

import { ReanaError } from '../../src/api/errors';
import { RunsApi } from '../../src/api/runs';
import { parseResponse, type Send } from '../../src/api/send';
import { TransfersApi } from '../../src/api/transfers';
import { WorkspaceApi } from '../../src/api/workspace';

void test('an error body throws, even with a success status', () => {
  const refusal = JSON.stringify({ status: 'error', message: 'No.' });
  for (const status of [200, 400, 401, 403, 404, 500, 502]) {
    assert.throws(
      () => parseResponse(status, refusal),
      (error: unknown) => error instanceof ReanaError && error.status === status && error.message === 'No.'
    );
  }
});

void test('a body that is not JSON throws without a message', () => {
  for (const [status, told] of [
    [200, 502],
    [404, 404]
  ] as const) {
    assert.throws(
      () => parseResponse(status, '<html>busy</html>'),
      (error: unknown) => error instanceof ReanaError && error.status === told && error.message === ''
    );
  }
});

void test('keys of specification and parameters are unchanged', async () => {
  const written = {
    parameters: { my_own_name: 3, camelCase: 1 },
    specification: { inputs: { parameters: { my_own_name: 1 } }, kubernetes_memory_limit: '1Gi' }
  };
  assert.deepEqual(
    await new RunsApi(
      () => Promise.resolve(written),
      () => Promise.resolve(new Response())
    ).specification('a.1'),
    written
  );
});

void test('all pages of a workspace are listed', async () => {
  const pages = [['a', 'b'], ['c', 'd'], ['e']];
  const send: Send = (_, { query } = {}) => {
    const number = Number(query?.page);
    const files = (pages[number - 1] ?? []).map(name => ({ name, size: 1, lastModified: null }));
    return Promise.resolve({ files, totalFiles: 5, page: number, has_next: number < pages.length });
  };
  const api = new WorkspaceApi(send, new TransfersApi(send), {} as ServerConnection.ISettings);
  assert.deepEqual(
    (await api.files('a.1')).map(({ name }) => name),
    ['a', 'b', 'c', 'd', 'e']
  );
});
