/** The list: what is asked, what is told, and what a refresh must not do. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ReanaError } from '../../src/api/errors';
import type { RunQuery } from '../../src/api/runs';
import type { Page, Run } from '../../src/api/values';
import { FIRST_QUERY, keptQuery, RunList, savedQuery } from '../../src/model/runlist';
import { RunStore } from '../../src/model/runstore';

const RUN: Run = {
  id: '1',
  name: 'hello',
  run: '1.1',
  status: 'running',
  createdAt: null,
  startedAt: null,
  finishedAt: null,
  stoppedAt: null,
  finishedJobs: 0,
  totalJobs: 0,
  owner: ''
};
const page = (items: readonly Run[], more: Partial<Page<Run>> = {}): Page<Run> => ({
  items,
  total: items.length,
  page: 1,
  hasNext: false,
  hasPrevious: false,
  ...more
});

class FakeApi {
  readonly asked: RunQuery[] = [];
  answers: (() => Promise<Page<Run>>)[] = [];

  get(): Promise<Run> {
    return Promise.resolve(RUN);
  }

  list(query: RunQuery): Promise<Page<Run>> {
    this.asked.push(query);
    return (this.answers.shift() ?? (() => Promise.resolve(page([RUN]))))();
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await Promise.resolve();
  }
}

function counted(runs: RunList): { count: number } {
  const told = { count: 0 };
  runs.changed.connect(() => (told.count += 1));
  return told;
}

void test('an equal response emits no change', async () => {
  const runs = new RunList(new RunStore(new FakeApi()), 60_000);
  await runs.refresh();
  const told = counted(runs);
  await runs.refresh();
  assert.equal(told.count, 0);
  runs.dispose();
});

void test('the filter for shared runs is not saved over a reload', () => {
  const runs = new RunList(new RunStore(new FakeApi()), 60_000);
  runs.ask({ sharedBy: 'anybody' });
  assert.deepEqual([runs.filtered, 'sharedBy' in keptQuery(runs.query)], [true, false]);
  runs.dispose();
});

void test('a failure keeps the last page', async () => {
  const api = new FakeApi();
  const runs = new RunList(new RunStore(api), 60_000);
  await runs.refresh();
  api.answers = [() => Promise.reject(new ReanaError(502, 'away'))];
  await runs.refresh();
  assert.deepEqual([runs.page?.items, runs.error?.status], [[RUN], 502]);
  runs.dispose();
});

void test('the next response clears the error', async () => {
  const api = new FakeApi();
  api.answers = [() => Promise.reject(new ReanaError(502, 'away'))];
  const runs = new RunList(new RunStore(api), 60_000);
  await runs.refresh();
  await runs.refresh();
  assert.equal(runs.error, null);
  runs.dispose();
});

void test('a new query starts at the first page', async () => {
  const api = new FakeApi();
  const runs = new RunList(new RunStore(api), 60_000);
  runs.ask({ page: 3 });
  runs.ask({ search: 'fit' });
  await settled();
  assert.deepEqual(
    api.asked.map(({ page, search }) => [page, search]),
    [
      [3, ''],
      [1, 'fit']
    ]
  );
  runs.dispose();
});

void test('an equal query sends no request', () => {
  const api = new FakeApi();
  const runs = new RunList(new RunStore(api), 60_000);
  runs.ask({ search: '' });
  assert.equal(api.asked.length, 0);
  runs.dispose();
});

void test('an older response does not replace a newer one', async () => {
  const api = new FakeApi();
  let late: (page: Page<Run>) => void = () => undefined;
  api.answers = [
    () => new Promise(resolve => (late = resolve)),
    () => Promise.resolve(page([{ ...RUN, name: 'new' }]))
  ];
  const runs = new RunList(new RunStore(api), 60_000);
  runs.ask({ search: 'o' });
  runs.ask({ search: 'n' });
  await settled();
  late(page([{ ...RUN, name: 'old' }]));
  await settled();
  assert.equal(runs.page?.items[0]?.name, 'new');
  runs.dispose();
});

void test('an empty page leads to the last page', async () => {
  const api = new FakeApi();
  api.answers = [() => Promise.resolve(page([], { page: 3, total: 25, hasPrevious: true }))];
  const runs = new RunList(new RunStore(api), 60_000);
  runs.ask({ page: 3 });
  await settled();
  assert.equal(runs.query.page, 2);
  runs.dispose();
});

void test('the query is restored after a reload, whatever was saved', () => {
  const query = { ...FIRST_QUERY, search: 'fit', sort: 'asc', status: ['failed'] } as const;
  assert.deepEqual(savedQuery(keptQuery(query)), { search: 'fit', sort: 'asc', status: ['failed'] });
  for (const other of [undefined, null, 7, 'x', [], { status: 'failed', search: {}, sort: 1 }, { status: [1] }]) {
    assert.deepEqual(savedQuery(other), { search: '', sort: 'desc', status: [] });
  }
});

void test('active runs are polled while the list is visible', async () => {
  const api = new FakeApi();
  const runs = new RunList(new RunStore(api), 5);
  runs.setActive(true);
  await until(() => api.asked.length > 3);
  runs.setActive(false);
  await settled();
  const asked = api.asked.length;
  await new Promise(resolve => setTimeout(resolve, 50));
  assert.equal(api.asked.length, asked);
  runs.dispose();
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}
