/** Transfers: progress, end, and giving up. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ReanaError } from '../../src/api/errors';
import { sequentially, Transfer, Transfers, type TransferItem } from '../../src/model/transfers';

const piece = (name: string, size: number, move: TransferItem['move'] = () => Promise.resolve()): TransferItem => ({
  name,
  size,
  move
});

void test('progress counts bytes over all pieces', async () => {
  const shares: number[] = [];
  const half: TransferItem['move'] = (_, report) => {
    report(5);
    return Promise.resolve();
  };
  const transfer = new Transfer('upload', sequentially([piece('a', 10), piece('b', 10, half)]));
  transfer.changed.connect(() => shares.push(transfer.share));
  assert.equal(await transfer.run(), 'done');
  assert.deepEqual(shares, [0, 0.5, 0.75, 0.75]);
});

void test('the first failure ends the transfer', async () => {
  const moved: string[] = [];
  const fail: TransferItem['move'] = () => Promise.reject(new ReanaError(507, 'The disk is full.'));
  const last: TransferItem['move'] = () => Promise.resolve(void moved.push('c'));
  const transfer = new Transfer('upload', sequentially([piece('a', 1), piece('b', 1, fail), piece('c', 1, last)]));
  assert.equal(await transfer.run(), 'failed');
  assert.deepEqual([transfer.error?.message, moved], ['The disk is full.', []]);
});

void test('cancelling aborts the running item', async () => {
  const hang: TransferItem['move'] = signal =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')));
    });
  const transfer = new Transfer('upload', sequentially([piece('a', 1, hang)]));
  const end = transfer.run();
  transfer.cancel();
  assert.equal(await end, 'cancelled');
});

void test('a partial transfer lists its failed files', async () => {
  const transfers = new Transfers();
  const failed = [{ name: 'a', message: 'gone' }];
  const work = new Transfer('download', (_signal, _report, miss) => Promise.resolve(void miss(failed)));
  assert.equal(await transfers.add(work), 'partial');
  assert.deepEqual(
    transfers.shown.map(one => one.failed),
    [failed]
  );
});

void test('finished transfers are removed, failed ones stay', async () => {
  const transfers = new Transfers();
  await transfers.add(new Transfer('download', () => Promise.resolve()));
  await transfers.add(new Transfer('download', () => Promise.reject(new Error('no'))));
  assert.deepEqual(
    transfers.shown.map(({ state }) => state),
    ['failed']
  );
});
