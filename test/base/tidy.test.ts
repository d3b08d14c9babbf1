import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTidy } from '../../src/base/tidy.ts';

const MB = 1024 * 1024;

/** A thread with a heap that collecting brings down to what it needs; ten looks are one by which it is called quiet. */
function thread({ needs, allowance = Number.POSITIVE_INFINITY }: { needs: number; allowance?: number }) {
  const now = { busy: 0, heap: needs, collected: 0 };
  const collect = () => {
    now.collected += 1;
    now.heap = needs;
  };
  const tidy = createTidy({ busy: () => now.busy, heap: () => now.heap, collect }, allowance);
  const look = (times = 10) => {
    for (let n = 0; n < times; n++) tidy();
  };
  return { now, look };
}

test('what a start took is given back once the thread is quiet, and then it is left alone', () => {
  const { now, look } = thread({ needs: 40 * MB });
  Object.assign(now, { busy: 0.9, heap: 75 * MB });
  look();
  assert.equal(now.collected, 0);
  now.busy = 0.02;
  look(50);
  assert.deepEqual(now, { busy: 0.02, heap: 40 * MB, collected: 1 });
});

test('a heap that grew is collected again, and one that grew by little is not', () => {
  const { now, look } = thread({ needs: 40 * MB });
  look(20);
  now.heap = 47 * MB;
  look();
  assert.equal(now.collected, 1);
  now.heap = 49 * MB;
  look();
  assert.equal(now.collected, 2);
});

test('a heap that is needed is not collected at each look', () => {
  const { now, look } = thread({ needs: 200 * MB });
  look(100);
  assert.equal(now.collected, 1);
});

test('of a thread that nobody waits for, the heap is collected at work as well when it has grown by its allowance', () => {
  const { now, look } = thread({ needs: 40 * MB, allowance: 64 * MB });
  look(20);
  now.busy = 1;
  now.heap = 100 * MB;
  look();
  assert.equal(now.collected, 1);
  now.heap = 105 * MB;
  look(1);
  assert.equal(now.collected, 2);
  look();
  assert.equal(now.collected, 2);
});

test('a heap that is needed at work is not collected at each look', () => {
  const { now, look } = thread({ needs: 200 * MB, allowance: 64 * MB });
  now.busy = 1;
  look(60);
  assert.equal(now.collected, 1);
});
