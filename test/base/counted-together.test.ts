import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countedTogether } from '../../src/base/counted-together.ts';

test('the first count is told at once, and those within the pause together', async () => {
  const told: number[] = [];
  let heard = () => {};
  const next = () =>
    new Promise<void>((resolve) => {
      heard = resolve;
    });
  const count = countedTogether(1, (n) => {
    told.push(n);
    heard();
  });
  // A pause does not keep the process from ending.
  const alive = setInterval(() => {}, 1000);
  count(1);
  assert.deepEqual(told, [1]);
  count(2);
  count(3);
  assert.deepEqual(told, [1]);
  await next();
  assert.deepEqual(told, [1, 5]);
  count(4);
  await next();
  assert.deepEqual(told, [1, 5, 4]);
  clearInterval(alive);
});
