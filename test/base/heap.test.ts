import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHeap } from '../../src/base/heap.ts';

test('what was added is taken once, and what there is no room for is left out', () => {
  const heap = createHeap<number>(3);
  heap.add([1, 2]);
  heap.add([3, 4]);
  assert.deepEqual(heap.take(), [1, 2, 3]);
  assert.deepEqual(heap.take(), []);
  heap.add([5]);
  assert.deepEqual(heap.take(), [5]);
});
