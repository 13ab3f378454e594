/** Times and sizes as people read them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ago, clock, duration, instant, size } from '../../src/model/time';

// Where most people are not: on a machine in UTC a forgotten zone would not be seen.
process.env.TZ = 'America/New_York';

void test('a time without a zone is UTC', () => {
  assert.notEqual(new Date(2026, 10, 21).getTimezoneOffset(), 0);
  assert.equal(instant('2026-11-21T22:21:32'), Date.UTC(2026, 10, 21, 22, 21, 32));
  assert.equal(instant('2026-11-21T22:21:32Z'), Date.UTC(2026, 10, 21, 22, 21, 32));
  assert.equal(instant('2026-11-21T23:21:32+01:00'), Date.UTC(2026, 10, 21, 22, 21, 32));
});

void test('an invalid time has no instant', () => {
  assert.deepEqual([instant(null), instant(''), instant('soon')], [null, null, null]);
});

void test('hours are not cut off a clock', () => {
  assert.deepEqual([0, 41_000, 192_000, 7_199_000, 360_000_000].map(clock), [
    '0:00',
    '0:41',
    '3:12',
    '1:59:59',
    '100:00:00'
  ]);
});

const times = { startedAt: '2026-11-21T10:00:00Z', finishedAt: null, stoppedAt: null };
const now = Date.UTC(2026, 10, 21, 10, 1, 0);

void test('an active run lasts until now', () => {
  assert.equal(duration(times, true, now), 60_000);
});

void test('an ended run lasts until its end', () => {
  const end = '2026-11-21T10:00:30Z';
  assert.equal(duration({ ...times, finishedAt: end }, false, now), 30_000);
  assert.equal(duration({ ...times, stoppedAt: end }, false, now), 30_000);
});

void test('without a start there is no duration', () => {
  assert.equal(duration({ ...times, startedAt: null }, true, now), null);
  assert.equal(duration(times, false, now), null);
});

void test('a wrong clock gives no negative duration', () => {
  assert.equal(duration({ ...times, finishedAt: '2026-11-21T09:00:00Z' }, false, now), 0);
});

void test('sizes go in steps of 1024, as in the file browser', () => {
  assert.deepEqual(
    [0, 953, 1024, 626_000_000, 50 * 1024 ** 3, -1].map(bytes => size(bytes)),
    ['0 B', '953 B', '1 KiB', '597 MiB', '50 GiB', '']
  );
  assert.equal(size(1_234_567, 'de'), '1,2 MiB');
});

void test('relative times use the largest unit', () => {
  assert.equal(ago('2026-11-21T09:02:00Z', now), '59 minutes ago');
  assert.equal(ago('2026-11-20T09:01:00Z', now), 'yesterday');
  assert.equal(ago('2026-11-21T10:02:00Z', now), 'now');
  assert.equal(ago(null, now), '');
});
