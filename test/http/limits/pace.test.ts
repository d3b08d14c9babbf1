import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPace, tellOfNewcomer } from '../../../src/http/limits/pace.ts';

test('in each turn of the loop a few go on, in their order, and who comes new goes behind', async () => {
  const pace = createPace(2);
  const gone: number[] = [];
  for (const n of [1, 2, 3, 4, 5]) pace(() => gone.push(n));
  const seen: number[] = [];
  for (let turn = 0; turn < 4; turn++) {
    await new Promise(setImmediate);
    if (turn === 0) pace(() => gone.push(6));
    seen.push(gone.length);
  }
  assert.deepEqual(gone, [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(seen, [2, 4, 6, 6]);
});

test('while new connections come they go first, but not for ever', async () => {
  const pace = createPace(1);
  let isGone = false;
  pace(() => {
    isGone = true;
  });
  let turns = 0;
  for (; turns < 5; turns++) {
    tellOfNewcomer();
    await new Promise(setImmediate);
    assert.equal(isGone, false);
  }
  await new Promise(setImmediate);
  assert.ok(isGone);
  isGone = false;
  pace(() => {
    isGone = true;
  });
  for (turns = 0; !isGone; turns++) {
    tellOfNewcomer();
    await new Promise(setImmediate);
  }
  assert.ok(turns > 10 && turns < 20, String(turns));
});
