import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSlots } from '../../src/base/slots.ts';

test('there are as many places by a name as there may be, and one that is left is free again', () => {
  const slots = createSlots(
    (name) => (name === 'wide' ? 2 : 1),
    () => {},
  );
  assert.deepEqual([slots.take('wide'), slots.take('wide'), slots.take('wide')], [true, true, false]);
  assert.deepEqual([slots.free('wide'), slots.free('narrow')], [0, 1]);
  slots.leave('wide');
  assert.equal(slots.free('wide'), 1);
});

test('a place is free when its work has ended, and then somebody is told', async () => {
  let freed = 0;
  const slots = createSlots(
    () => 1,
    () => freed++,
  );
  const ends: (() => void)[] = [];
  assert.ok(slots.take('one'));
  slots.begin('one', () => new Promise<void>((resolve) => ends.push(resolve)));
  assert.deepEqual([slots.free('one'), freed], [0, 0]);
  let isIdle = false;
  const idle = slots.idle().then(() => {
    isIdle = true;
  });
  await new Promise(setImmediate);
  assert.equal(isIdle, false);
  ends[0]?.();
  await idle;
  assert.deepEqual([slots.free('one'), freed], [1, 1]);
});

test('idle waits for what is begun meanwhile', async () => {
  const slots = createSlots(
    () => 1,
    () => {},
  );
  const done: string[] = [];
  slots.take('one');
  slots.begin('one', async () => {
    slots.take('two');
    slots.begin('two', async () => {
      await new Promise(setImmediate);
      done.push('two');
    });
    done.push('one');
  });
  await slots.idle();
  assert.deepEqual(done, ['one', 'two']);
});
