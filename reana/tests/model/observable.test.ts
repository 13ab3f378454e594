import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Observable } from '../../src/model/observable';

class Counter extends Observable {
  add(): void {
    this.emitChanged();
  }
}

void test('a change before the subscription is detected', () => {
  const counter = new Counter();
  const drawn = counter.version;
  counter.add();
  let heard = 0;
  counter.changed.connect(() => (heard += 1));
  assert.deepEqual([heard, counter.version > drawn], [0, true]);
});

void test('a disposed object emits nothing', () => {
  const counter = new Counter();
  counter.dispose();
  counter.add();
  assert.equal(counter.version, 0);
});
