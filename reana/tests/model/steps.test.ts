/** Steps in time, results, and lines of logs. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Job, Logs } from '../../src/api/values';
import { logPart } from '../../src/model/loglines';
import { engineReason, failedInEngine, failedStep, interestingStep, results, timeline } from '../../src/model/steps';

const job = (name: string, status: string, start: number | null, end: number | null): Job => {
  const time = (second: number | null): string | null =>
    second === null ? null : `2026-11-21T10:00:${String(second).padStart(2, '0')}Z`;
  const rest = { command: '', image: '', backend: '', log: '' };
  return { id: name, name, status, startedAt: time(start), finishedAt: time(end), ...rest };
};

const logs = (jobs: readonly Job[], more: Partial<Logs> = {}): Logs => ({
  engine: '',
  report: '',
  services: [],
  jobs,
  ...more
});

void test('bars lie between the first start and the last end', () => {
  const bars = timeline(
    [job('a', 'finished', 0, 10), job('b', 'running', 10, null), job('c', 'queued', null, null)],
    Date.UTC(2026, 10, 21, 10, 0, 40)
  );
  assert.deepEqual(
    bars.map(({ from, width, took }) => [from, width, took]),
    [
      [0, 0.25, 10_000],
      [0.25, 0.75, 30_000],
      [0, 0, null]
    ]
  );
});

void test('no steps have no bars', () => {
  assert.deepEqual(timeline([], 0), []);
});

void test('the failed step is shown first, then the running, then the last', () => {
  const [done, runs, broke] = [job('a', 'finished', 0, 1), job('b', 'running', 1, null), job('c', 'failed', 1, 2)];
  const first = (...jobs: Job[]): string | undefined => interestingStep(logs(jobs), 'running')?.name;
  assert.deepEqual([first(done, runs, broke), first(done, runs), first(done), first()], ['c', 'b', 'a', undefined]);
  assert.equal(failedStep(null), null);
});

void test('results are the named files and those in named folders', () => {
  const files = ['plot.png', 'out/a/b.txt', 'outer.txt', 'code.py'].map(name => ({ name, size: 1, modifiedAt: null }));
  const found = results({ outputs: { files: ['plot.png', 'missing'], directories: ['out/'] } }, files);
  assert.deepEqual(
    found.map(({ name }) => name),
    ['plot.png', 'out/a/b.txt']
  );
});

void test('an invalid specification has no results', () => {
  assert.deepEqual(results({ outputs: 'all' }, [{ name: 'a', size: 1, modifiedAt: null }]), []);
});

void test('a search keeps the numbers of lines', () => {
  const part = logPart('alpha\nbeta\nALPHABET\n', 'alpha');
  assert.deepEqual(part.lines, [
    { number: 1, text: 'alpha' },
    { number: 3, text: 'ALPHABET' }
  ]);
});

void test('of many lines the last are shown', () => {
  const log = Array.from({ length: 100 }, (_, index) => `line ${index + 1}`).join('\n');
  const { lines, left, matches } = logPart(log, '', 10);
  assert.deepEqual([lines.length, left, matches, lines[0]?.number], [10, 90, 100, 91]);
});

void test('colours and overwritten progress are not shown', () => {
  assert.deepEqual(
    logPart('\u001b[31mred\u001b[0m\n10 %\r50 %\r100 %\n', '').lines.map(({ text }) => text),
    ['red', '100 %']
  );
});

void test('an empty log has no lines', () => {
  assert.deepEqual(logPart('', '').lines, []);
});

void test('a failed run without a failed step failed in the engine', () => {
  const done = job('a', 'finished', 0, 1);
  assert.deepEqual(
    [failedInEngine('failed', logs([])), failedInEngine('failed', logs([done])), failedInEngine('running', logs([]))],
    [true, true, false]
  );
  assert.equal(failedInEngine('failed', logs([job('b', 'failed', 0, 1)])), false);
  assert.equal(failedInEngine('failed', null), false);
  assert.equal(interestingStep(logs([done]), 'failed'), null);
});

void test('the reason is the end of the engine log with its report', () => {
  const engine = 'one\ntwo\nthree\n';
  assert.equal(engineReason(logs([], { engine, report: 'exit code 3' }), 2), 'two\nthree\nexit code 3');
  assert.equal(engineReason(logs([]), 2), '');
});
