import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTidy } from '../../src/base/tidy.ts';

const MB = 1024 * 1024;

/** A thread with a heap that collecting brings down to what it needs. */
function thread({ needs }: { needs: number }) {
  const now = { busy: 0, heap: needs, collected: 0 };
  const collect = () => {
    now.collected += 1;
    now.heap = needs;
  };
  return { now, look: createTidy({ busy: () => now.busy, heap: () => now.heap, collect }) };
}

test('what a start took is given back once the thread is quiet, and then it is left alone', () => {
  const { now, look } = thread({ needs: 40 * MB });
  Object.assign(now, { busy: 0.9, heap: 75 * MB });
  look();
  assert.equal(now.collected, 0);
  now.busy = 0.02;
  for (let n = 0; n < 5; n++) look();
  assert.deepEqual(now, { busy: 0.02, heap: 40 * MB, collected: 1 });
});

test('a heap that grew is collected again, and one that grew by little is not', () => {
  const { now, look } = thread({ needs: 40 * MB });
  look();
  look();
  now.heap = 47 * MB;
  look();
  assert.equal(now.collected, 1);
  now.heap = 49 * MB;
  look();
  assert.equal(now.collected, 2);
});

test('a heap that is needed is not collected at each look', () => {
  const { now, look } = thread({ needs: 200 * MB });
  for (let n = 0; n < 10; n++) look();
  assert.equal(now.collected, 1);
});
