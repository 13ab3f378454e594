/** What is asked about runs, and how the answers are understood. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EVERY_STATUS, readLogs, readRun, RunsApi, sharesWorkspace, type RunQuery } from '../../src/api/runs';
import type { RequestOptions } from '../../src/api/send';

const QUERY: RunQuery = { page: 1, size: 20, search: '', sort: 'desc', status: [] };

function api(response: unknown): { runs: RunsApi; asked: [string, RequestOptions['query']][] } {
  const asked: [string, RequestOptions['query']][] = [];
  const send = (route: string, ask: RequestOptions = {}): Promise<unknown> => {
    asked.push([route, ask.query]);
    return Promise.resolve(response);
  };
  return { runs: new RunsApi(send, () => Promise.reject(new Error('not asked'))), asked };
}

void test('deleted runs are listed only on request', async () => {
  const { runs, asked } = api({ items: [] });
  await runs.list(QUERY);
  await runs.list({ ...QUERY, status: ['deleted'] });
  await runs.list({ ...QUERY, status: [EVERY_STATUS] });
  const there = ['created', 'queued', 'pending', 'running', 'finished', 'failed', 'stopped'];
  assert.deepEqual(
    asked.map(([, query]) => query?.status),
    [there, ['deleted'], ['all']]
  );
});

void test('shared runs are requested by owner', async () => {
  const { runs, asked } = api({ items: [{ id: '1', ownerEmail: 'grace@example.org' }] });
  const page = await runs.list({ ...QUERY, sharedBy: 'anybody' });
  assert.deepEqual([asked[0]?.[1]?.shared_by, page.items[0]?.owner], ['anybody', 'grace@example.org']);
  assert.equal(await runs.owner('1'), 'grace@example.org');
  assert.deepEqual(asked[1]?.[1], { workflow_id_or_name: '1', shared: 'true', size: 1 });
});

void test('only a run and its restarts share a workspace', async () => {
  const items = ['12', '12.1', '12.2', '1', '121'].map(run => ({ id: run, name: 'hello', run }));
  const { runs } = api({ items: [...items, { id: 'x', name: 'hello-2', run: '12' }] });
  const relatives = await runs.relatives(readRun({ id: '12.1', name: 'hello', run: '12.1' }));
  assert.deepEqual(
    relatives.map(({ id }) => id),
    ['12', '12.2']
  );
  assert.equal(sharesWorkspace({ name: 'a', run: '' }, { name: 'a', run: '1' }), false);
});

void test('changed files and completeness are read', async () => {
  const changes = [
    { path: 'a', kind: 'changed' },
    { path: 'b', kind: 'second' },
    { path: 'c', kind: 'odd' }
  ];
  const { runs, asked } = api({ changes, complete: true });
  const found = await runs.fileChanges('1', '2');
  assert.deepEqual(asked[0], ['workflows/1/diff/2', { brief: 'true' }]);
  assert.deepEqual([found.changes.map(({ kind }) => kind), found.complete], [['changed', 'second', 'changed'], true]);
});

void test('logs of services and the engine report are read', () => {
  const logs = readLogs({ engineLogs: 'e', engineSpecific: 'exit code 3', serviceLogs: { dask: 'up' } });
  assert.deepEqual([logs.report, logs.services], ['exit code 3', [{ name: 'dask', log: 'up' }]]);
});
