/** One state for each run: whoever hears of it first, all show it; and nothing of another account. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ReanaApi } from '../../src/api';
import { isAbort } from '../../src/api/errors';
import { belongsToOther, type Page, type Run, type Status } from '../../src/api/values';
import { Followed } from '../../src/model/followed';
import { OpenRun } from '../../src/model/openrun';
import { FIRST_QUERY, RunList } from '../../src/model/runlist';
import { Running } from '../../src/model/running';
import { RunStore } from '../../src/model/runstore';

const HOUR_MS = 3_600_000;
const run = (status: Status, id = '1'): Run => ({
  id,
  name: 'hello',
  run: '1',
  status,
  createdAt: null,
  startedAt: null,
  finishedAt: null,
  stoppedAt: null,
  finishedJobs: 0,
  totalJobs: 0,
  owner: ''
});
const page = (...items: Run[]): Page<Run> => ({
  items,
  total: items.length,
  page: 1,
  hasNext: false,
  hasPrevious: false
});

/** A REANA with one run, whose answers can be held back. */
class Reana {
  status: Status = 'created';
  hold: Promise<void> | null = null;
  asked = 0;

  readonly get = async (): Promise<Run> => {
    this.asked += 1;
    const response = run(this.status);
    await this.hold;
    return response;
  };
  readonly list = async (): Promise<Page<Run>> => {
    const response = page(run(this.status));
    await this.hold;
    return response;
  };
}

function held(reana: Reana): () => void {
  let release: () => void = () => undefined;
  reana.hold = new Promise(resolve => (release = resolve));
  return () => {
    reana.hold = null;
    release();
  };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

function opened(store: RunStore): OpenRun {
  const api = {
    runs: {
      logs: () => Promise.resolve({ engine: '', jobs: [] }),
      follow: () => Promise.resolve(),
      specification: () => Promise.resolve({ parameters: {}, specification: {} })
    },
    workspace: { files: () => Promise.resolve([]) }
  };
  return new OpenRun('1', api as unknown as ReanaApi, store, HOUR_MS);
}

void test('list, tab, status bar and notification show a start, a stop and a deletion at once', async () => {
  const reana = new Reana();
  const store = new RunStore(reana);
  const [list, running, followed] = [
    new RunList(store, HOUR_MS),
    new Running(store, HOUR_MS, () => true),
    new Followed(store, HOUR_MS)
  ];
  const tab = opened(store);
  const ended: Status[] = [];
  followed.ended.connect((_, { status }) => ended.push(status));
  await Promise.all([list.refresh(), tab.refresh()]);
  const seen = (): unknown[] => [list.page?.items[0]?.status, tab.run.value?.status, running.count, ended.length];
  assert.deepEqual(seen(), ['created', 'created', 0, 0]);
  followed.follow('1');
  for (const [status, count, ends] of [
    ['running', 1, 0],
    ['stopped', 0, 1],
    ['deleted', 0, 1]
  ] as const) {
    reana.status = status;
    // What an action does after it: nobody else asks.
    await store.load('1');
    assert.deepEqual(seen(), [status, status, count, ends]);
  }
  [list, running, followed, tab].forEach(one => one.dispose());
});

void test('a response to an older request does not replace a newer one', async () => {
  const reana = new Reana();
  const store = new RunStore(reana);
  const release = held(reana);
  const listed = store.list(FIRST_QUERY);
  reana.status = 'queued';
  reana.hold = null;
  await store.load('1');
  release();
  assert.deepEqual([(await listed).items[0]?.status, store.get('1')?.status], ['queued', 'queued']);
});

void test('only runs of the user count as running', () => {
  const store = new RunStore(new Reana());
  const running = new Running(store, HOUR_MS, one => !belongsToOther(one, 'ada@example.org'));
  store.receive({ ...run('running', '1'), owner: 'grace@example.org' });
  store.receive({ ...run('running', '2'), owner: 'ada@example.org' });
  store.receive(run('running', '3'));
  assert.equal(running.count, 2);
  running.dispose();
});

void test('a response without an owner keeps the known owner', () => {
  const store = new RunStore(new Reana());
  store.receive({ ...run('running'), owner: 'grace@example.org' });
  store.receive(run('finished'));
  assert.deepEqual([store.get('1')?.status, store.get('1')?.owner], ['finished', 'grace@example.org']);
});

void test('pending responses are dropped when the account changes', async () => {
  const reana = new Reana();
  const store = new RunStore(reana);
  const list = new RunList(store, HOUR_MS);
  await list.refresh();
  const release = held(reana);
  const [late, single] = [list.refresh(), store.load('1').catch((error: unknown) => isAbort(error))];
  store.clear();
  list.clear();
  assert.deepEqual([list.page, list.loading, list.error], [null, true, null]);
  release();
  await late;
  assert.deepEqual([list.page, await single, store.get('1')], [null, true, null]);
  list.dispose();
});

void test('a tab of another account sends no requests until its account is connected again', async () => {
  const reana = new Reana();
  const store = new RunStore(reana);
  const tab = opened(store);
  tab.bind('https://a\njane');
  tab.setActive(true);
  await until(() => tab.run.value?.status === 'created');
  tab.bind('https://b\ngrace');
  const asked = reana.asked;
  reana.status = 'running';
  store.receive(run('running'));
  await tab.refresh();
  assert.deepEqual([tab.foreign, reana.asked, tab.run.value?.status], [true, asked, 'created']);
  tab.bind('https://a\njane');
  await until(() => tab.run.value?.status === 'running');
  assert.equal(tab.foreign, false);
  tab.dispose();
});

void test('a restored tab keeps its account', () => {
  const tab = opened(new RunStore(new Reana()));
  tab.bind('', 'https://a\njane');
  assert.equal(tab.foreign, false);
  tab.bind('https://b\ngrace');
  assert.deepEqual([tab.foreign, tab.account], [true, 'https://a\njane']);
  tab.dispose();
});

void test('runs are followed by account; an old list without accounts belongs to the connected one', () => {
  const followed = new Followed(new RunStore(new Reana()), HOUR_MS);
  followed.use('jane');
  followed.restore(['1', 7, null]);
  followed.use('grace');
  assert.deepEqual([followed.ids, followed.kept], [[], { jane: ['1'], grace: [] }]);
  followed.follow('2');
  followed.use('jane');
  assert.deepEqual([followed.ids, followed.has('2')], [['1'], false]);
  for (const other of [undefined, null, 7, 'x', { grace: 'x' }, { grace: [1] }]) {
    followed.restore(other);
  }
  assert.deepEqual(followed.kept, { jane: ['1'], grace: ['2'] });
  followed.dispose();
});
