import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Observable } from '../../src/model/observable';

class Counter extends Observable {
  add(): void {
    this.tell();
  }
}

void test('a change before somebody listens can be seen afterwards', () => {
  const counter = new Counter();
  const drawn = counter.version;
  counter.add();
  let heard = 0;
  counter.changed.connect(() => (heard += 1));
  assert.deepEqual([heard, counter.version > drawn], [0, true]);
});

void test('after the end nothing changes', () => {
  const counter = new Counter();
  counter.dispose();
  counter.add();
  assert.equal(counter.version, 0);
});
