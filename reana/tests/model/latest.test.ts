/** The newest question wins. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Latest } from '../../src/model/latest';

interface Waiting {
  readonly promise: Promise<string>;
  readonly answer: (value: string) => void;
  readonly fail: (error: Error) => void;
}

function waiting(): Waiting {
  let answer: Waiting['answer'] = () => undefined;
  let fail: Waiting['fail'] = () => undefined;
  const promise = new Promise<string>((resolve, reject) => {
    answer = resolve;
    fail = reject;
  });
  return { promise, answer, fail };
}

void test('an older answer that comes later is not delivered', async () => {
  const latest = new Latest();
  const [old, young] = [waiting(), waiting()];
  const first = latest.run(() => old.promise);
  const second = latest.run(() => young.promise);
  young.answer('young');
  old.answer('old');
  assert.deepEqual([await first, await second], [undefined, 'young']);
});

void test('asking again aborts what was asked before', async () => {
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

void test('the failure of an older question is nobody’s failure', async () => {
  const latest = new Latest();
  const old = waiting();
  const first = latest.run(() => old.promise);
  const second = latest.run(() => Promise.resolve('young'));
  old.fail(new Error('too late'));
  assert.deepEqual([await first, await second], [undefined, 'young']);
});

void test('the failure of the newest question is told', async () => {
  await assert.rejects(
    new Latest().run(() => Promise.reject(new Error('no'))),
    /no/
  );
});

void test('what is cancelled answers nothing', async () => {
  const latest = new Latest();
  const asked = waiting();
  const answer = latest.run(() => asked.promise);
  latest.cancel();
  asked.answer('too late');
  assert.equal(await answer, undefined);
});
