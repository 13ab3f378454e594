/** Transfers: progress, end, and giving up. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ReanaError } from '../../src/api/errors';
import { oneByOne, Transfer, Transfers, type Piece } from '../../src/model/transfers';

const piece = (name: string, size: number, move: Piece['move'] = () => Promise.resolve()): Piece => ({
  name,
  size,
  move
});

void test('progress counts bytes over all pieces', async () => {
  const shares: number[] = [];
  const half: Piece['move'] = (_, report) => {
    report(5);
    return Promise.resolve();
  };
  const transfer = new Transfer('upload', oneByOne([piece('a', 10), piece('b', 10, half)]));
  transfer.changed.connect(() => shares.push(transfer.share));
  assert.equal(await transfer.run(), 'done');
  assert.deepEqual(shares, [0, 0.5, 0.75, 0.75]);
});

void test('the first failure ends it, and is kept', async () => {
  const moved: string[] = [];
  const fail: Piece['move'] = () => Promise.reject(new ReanaError(507, 'The disk is full.'));
  const last: Piece['move'] = () => Promise.resolve(void moved.push('c'));
  const transfer = new Transfer('upload', oneByOne([piece('a', 1), piece('b', 1, fail), piece('c', 1, last)]));
  assert.equal(await transfer.run(), 'failed');
  assert.deepEqual([transfer.error?.message, moved], ['The disk is full.', []]);
});

void test('cancelling ends what is being moved', async () => {
  const hang: Piece['move'] = signal =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')));
    });
  const transfer = new Transfer('upload', oneByOne([piece('a', 1, hang)]));
  const end = transfer.run();
  transfer.cancel();
  assert.equal(await end, 'cancelled');
});

void test('what came in part is shown, with the files that did not come', async () => {
  const transfers = new Transfers();
  const failed = [{ name: 'a', message: 'gone' }];
  const work = new Transfer('download', (_signal, _report, miss) => Promise.resolve(void miss(failed)));
  assert.equal(await transfers.add(work), 'partial');
  assert.deepEqual(
    transfers.shown.map(one => one.failed),
    [failed]
  );
});

void test('what is done is not shown any more, what failed is', async () => {
  const transfers = new Transfers();
  await transfers.add(new Transfer('download', () => Promise.resolve()));
  await transfers.add(new Transfer('download', () => Promise.reject(new Error('no'))));
  assert.deepEqual(
    transfers.shown.map(({ state }) => state),
    ['failed']
  );
});
