import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gather } from '../../src/base/gather.ts';
import { DAY } from '../../src/core/time.ts';

/** Keeps each flush until it is let through. */
function gate() {
  const flushed: string[][] = [];
  const open: (() => void)[] = [];
  return {
    flushed,
    flush: (items: string[]) => {
      flushed.push(items);
      return new Promise<void>((resolve) => open.push(resolve));
    },
    let: () => open.shift()?.(),
  };
}

test('what is added while a flush is under way goes out together in the next one', async () => {
  const { flushed, flush, let: letThrough } = gate();
  const add = gather(flush, 10);
  const first = add('a');
  while (flushed.length === 0) await new Promise(setImmediate);
  const rest = [add('b'), add('c')];
  letThrough();
  await first;
  while (flushed.length === 1) await new Promise(setImmediate);
  letThrough();
  await Promise.all(rest);
  assert.deepEqual(flushed, [['a'], ['b', 'c']]);
});

test('where a flush holds nobody up, the first goes at once and alone', async () => {
  const { flushed, flush, let: letThrough } = gate();
  const add = gather(flush, 10, { atOnce: true });
  const all = [add('a'), add('b'), add('c')];
  assert.deepEqual(flushed, [['a']]);
  letThrough();
  while (flushed.length === 1) await new Promise(setImmediate);
  letThrough();
  await Promise.all(all);
  assert.deepEqual(flushed, [['a'], ['b', 'c']]);
});

test('a flush that fails is the answer of its items alone', async () => {
  const add = gather<string>(async (items) => {
    if (items.includes('bad')) throw new Error('no');
  }, 1);
  const [bad, good] = await Promise.allSettled([add('bad'), add('good')]);
  assert.deepEqual([bad.status, good.status], ['rejected', 'fulfilled']);
});

test('what nobody waits for goes with the next that somebody waits for, in its order', async () => {
  const flushed: string[][] = [];
  const add = gather<string>(async (items) => void flushed.push(items), 10, { linger: DAY });
  const later = add.later('a');
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  assert.deepEqual(flushed, []);
  await Promise.all([later, add('b')]);
  assert.deepEqual(flushed, [['a', 'b']]);
});

test('many of those that nobody waits for do not wait either', async () => {
  const flushed: string[][] = [];
  const add = gather<string>(async (items) => void flushed.push(items), 2, { linger: DAY });
  await Promise.all([add.later('a'), add.later('b')]);
  assert.deepEqual(flushed, [['a', 'b']]);
});

test('what nobody waits for goes when its time is up, and not before', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const flushed: string[][] = [];
  const add = gather<string>(async (items) => void flushed.push(items), 10, { linger: DAY });
  const added = [add.later('a'), add.later('b')];
  t.mock.timers.tick(DAY - 1);
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  assert.deepEqual(flushed, []);
  t.mock.timers.tick(1);
  await Promise.all(added);
  assert.deepEqual(flushed, [['a', 'b']]);
});

test('nobody waits for a flush of those that nobody waits for', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { flushed, flush, let: letThrough } = gate();
  const add = gather(flush, 10, { linger: DAY });
  const later = add.later('a');
  t.mock.timers.tick(DAY);
  while (flushed.length === 0) await new Promise(setImmediate);
  const urgent = add('b');
  while (flushed.length === 1) await new Promise(setImmediate);
  assert.deepEqual(flushed, [['a'], ['b']]);
  letThrough();
  letThrough();
  await Promise.all([later, urgent]);
});
