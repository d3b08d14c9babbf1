import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTurns } from '../../src/base/turns.ts';

test('no more than may go at a time, and the others in their order', async () => {
  const turns = createTurns(2);
  const begun: number[] = [];
  const ends = [0, 1, 2, 3].map(async (n) => {
    const end = await turns.next();
    begun.push(n);
    return end;
  });
  const first = await ends[0];
  await ends[1];
  assert.deepEqual(begun, [0, 1]);
  first?.();
  // A second time it ends nothing.
  first?.();
  (await ends[2])?.();
  await ends[3];
  assert.deepEqual(begun, [0, 1, 2, 3]);
});
