/** Following a run: logs that grow, a connection that breaks, and never too many of them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ReanaError } from '../../src/api/errors';
import type { ServerEvent } from '../../src/api/events';
import type { Logs, Run } from '../../src/api/values';
import { LogStream } from '../../src/model/logstream';

class Line {
  tell: (events: ServerEvent[]) => void = () => undefined;
  break: (error: Error) => void = () => undefined;
  opened = 0;

  readonly follow = (_id: string, tell: (events: ServerEvent[]) => void, signal: AbortSignal): Promise<void> => {
    this.opened += 1;
    this.tell = tell;
    return new Promise((_resolve, reject) => {
      this.break = reject;
      signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
    });
  };
}

function followed(): { line: Line; following: LogStream; logs: Logs[]; runs: Run[]; ends: number[] } {
  const [line, logs, runs, ends] = [new Line(), [] as Logs[], [] as Run[], [] as number[]];
  const following = new LogStream('a', line.follow, {
    logs: one => logs.push(one),
    run: one => runs.push(one),
    end: () => ends.push(1)
  });
  return { line, following, logs, runs, ends };
}

const log = (job: string, text: string, reset = false): ServerEvent => ({ name: 'log', data: { job, text, reset } });

async function settled(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve));
}

void test('new text is appended, a reset replaces the log', () => {
  const { line, following, logs, runs, ends } = followed();
  following.start();
  assert.equal(following.alive, false, 'nothing was heard yet');
  line.tell([{ name: 'hello', data: { status: 'running' } }]);
  assert.equal(following.alive, true);
  line.tell([
    { name: 'run', data: { id: 'a', status: 'running' } },
    { name: 'job', data: { job: 'j', job_name: 'fit' } }
  ]);
  line.tell([log('j', 'one\n'), log('', 'engine\n')]);
  line.tell([log('j', 'two\n')]);
  assert.deepEqual(
    [logs.at(-1)?.engine, logs.at(-1)?.jobs.map(job => [job.name, job.log])],
    ['engine\n', [['fit', 'one\ntwo\n']]]
  );
  line.tell([log('j', 'three\n', true), { name: 'end', data: { status: 'finished' } }]);
  assert.equal(logs.at(-1)?.jobs[0]?.log, 'three\n');
  assert.deepEqual([logs.length, runs.map(run => run.status), ends.length], [4, ['running'], 1]);
  following.stop();
});

void test('a broken stream is not retried until it is started again', async () => {
  const { line, following } = followed();
  following.start();
  line.tell([]);
  line.break(new ReanaError(502, ''));
  await settled();
  following.start();
  assert.deepEqual([following.alive, line.opened], [false, 1]);
  following.stop();
  following.start();
  assert.equal(line.opened, 2);
  following.stop();
});

void test('a stopped stream delivers nothing', () => {
  const { line, following, logs } = followed();
  following.start();
  following.stop();
  line.tell([log('', 'late')]);
  assert.deepEqual([logs, following.alive], [[], false]);
});

void test('two streams run at once, a third when one ends', async () => {
  const all = [followed(), followed(), followed()];
  await settled();
  all.forEach(({ following }) => following.start());
  assert.deepEqual(
    all.map(({ line }) => line.opened),
    [1, 1, 0]
  );
  all[0]?.following.stop();
  await settled();
  all[2]?.following.start();
  assert.equal(all[2]?.line.opened, 1);
  all.forEach(({ following }) => following.stop());
  await settled();
});
