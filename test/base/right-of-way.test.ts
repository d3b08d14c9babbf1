import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRightOfWay } from '../../src/base/right-of-way.ts';
import { SECOND } from '../../src/core/time.ts';
import { clockAt } from '../support/clock.ts';

/** Work that ends when it is told to. */
function held<T>(): { work: () => Promise<T>; end: (result: T) => void } {
  let end: (result: T) => void = () => {};
  const ended = new Promise<T>((resolve) => {
    end = resolve;
  });
  return { work: () => ended, end: (result) => end(result) };
}

test('what has time waits for what goes first, and for what follows from that at once', async () => {
  const way = createRightOfWay(clockAt());
  const [taking, sending] = [held<string>(), held<string>()];
  const order: string[] = [];
  const sent = way.first(taking.work).then(() => way.first(sending.work));
  const cleared = way.clear().then(() => order.push('cleared'));
  taking.end('taken');
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  order.push('sent');
  sending.end('sent');
  await Promise.all([sent, cleared]);
  assert.deepEqual(order, ['sent', 'cleared']);
});

test('with nothing under way nobody waits', async () => {
  const way = createRightOfWay(clockAt());
  await way.clear();
  assert.equal(way.isWanted(), false);
});

test('what has time gets its turn, however long the rest goes on', async () => {
  const way = createRightOfWay(() => performance.now());
  const endless = held<void>();
  const going = way.first(endless.work);
  await way.clear();
  assert.equal(way.isWanted(), false, 'and it may be a large one');
  endless.end();
  await going;
});

test('the way is in use for a moment after work that found something to do', async () => {
  const clock = clockAt();
  const way = createRightOfWay(clock);
  const found = (handled: number) => handled > 0;
  await way.first(async () => 0, found);
  assert.equal(way.isWanted(), false);
  await way.first(async () => 1, found);
  assert.equal(way.isWanted(), true);
  clock.advance(2 * SECOND);
  assert.equal(way.isWanted(), false);
});

test('work that fails is over, and tells its caller', async () => {
  const way = createRightOfWay(clockAt());
  await assert.rejects(
    way.first(() => Promise.reject(new Error('broken'))),
    /broken/,
  );
  await way.clear();
});
