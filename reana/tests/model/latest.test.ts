/** The newest question wins. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Latest } from '../../src/model/latest';

interface Waiting {
  readonly promise: Promise<string>;
  readonly response: (value: string) => void;
  readonly fail: (error: Error) => void;
}

function waiting(): Waiting {
  let response: Waiting['response'] = () => undefined;
  let fail: Waiting['fail'] = () => undefined;
  const promise = new Promise<string>((resolve, reject) => {
    response = resolve;
    fail = reject;
  });
  return { promise, response, fail };
}

void test('an older response that arrives later is not delivered', async () => {
  const latest = new Latest();
  const [old, young] = [waiting(), waiting()];
  const first = latest.run(() => old.promise);
  const second = latest.run(() => young.promise);
  young.response('young');
  old.response('old');
  assert.deepEqual([await first, await second], [undefined, 'young']);
});

void test('a new request aborts the earlier one', async () => {
  const latest = new Latest();
  const signals: AbortSignal[] = [];
  const ask = (signal: AbortSignal): Promise<number> => {
    signals.push(signal);
    return Promise.resolve(signals.length);
  };
  await Promise.all([latest.run(ask), latest.run(ask)]);
  assert.deepEqual(
    signals.map(signal => signal.aborted),
    [true, false]
  );
});

void test('the failure of an older request is ignored', async () => {
  const latest = new Latest();
  const old = waiting();
  const first = latest.run(() => old.promise);
  const second = latest.run(() => Promise.resolve('young'));
  old.fail(new Error('too late'));
  assert.deepEqual([await first, await second], [undefined, 'young']);
});

void test('the failure of the newest request rejects', async () => {
  await assert.rejects(
    new Latest().run(() => Promise.reject(new Error('no'))),
    /no/
  );
});

void test('a cancelled request resolves to undefined', async () => {
  const latest = new Latest();
  const asked = waiting();
  const response = latest.run(() => asked.promise);
  latest.cancel();
  asked.response('too late');
  assert.equal(await response, undefined);
});
