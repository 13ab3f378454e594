/** Answers, also those that are not what was promised. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readAccount } from '../../src/api/connection';
import { readValidation } from '../../src/api/create';
import { readLogs, readRun, route } from '../../src/api/runs';
import { readTransfer } from '../../src/api/transfers';
import { fullName } from '../../src/api/values';

const NONSENSE: readonly unknown[] = [
  null,
  undefined,
  7,
  'text',
  [],
  {},
  { items: 3, jobLogs: [], problems: {}, quota: 1 }
];

void test('invalid responses never throw', () => {
  for (const response of NONSENSE) {
    readRun(response);
    readLogs(response);
    readAccount(response);
    readTransfer(response);
    readValidation(response);
  }
});

void test('an unknown status is kept', () => {
  assert.equal(readRun({ status: 'hibernating' }).status, 'hibernating');
});

void test('jobs are sorted by start, pending ones last', () => {
  const { jobs } = readLogs({
    jobLogs: {
      x: { job_name: 'late', started_at: '2026-01-02T00:00:00' },
      again: { job_name: 'late', started_at: '2026-01-02T00:00:01' },
      y: { job_name: 'waits', status: 'queued' },
      z: { job_name: 'early', started_at: '2026-01-01T00:00:00' }
    }
  });
  assert.deepEqual(
    jobs.map(({ name }) => name),
    ['early', 'late', 'late (2)', 'waits']
  );
});

void test('a validation with an error is not valid, whatever its status says', () => {
  const problems = [{ severity: 'error', message: 'no', line: 3, column: 1 }];
  assert.equal(readValidation({ status: 'success', message: '', problems }).valid, false);
});

void test('a run is one segment of the route', () => {
  assert.equal(route('a/b ü', 'logs'), 'workflows/a%2Fb%20%C3%BC/logs');
  assert.equal(route('a'), 'workflows/a');
});

void test('names with and without a run', () => {
  assert.deepEqual(
    [fullName({ name: 'hello', run: '1.1' }), fullName({ name: 'hello', run: '' })],
    ['hello.1.1', 'hello']
  );
});
