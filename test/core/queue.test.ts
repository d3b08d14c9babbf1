import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queueOf } from '../../src/core/queue.ts';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { MORNING } from '../support/clock.ts';

const now = MORNING;
const clear = (due: number, left: readonly number[]) =>
  queueOf({ waiting: due, due, since: now - MINUTE, left: left.map((ago) => now - ago) }, now).clearSeconds;

test('what is due takes as long as it would at the pace of the last five minutes', () => {
  assert.equal(clear(100, [10 * SECOND, 5 * SECOND, SECOND, 0]), 250, 'four in ten seconds');
  assert.equal(clear(1, [6 * MINUTE, 10 * SECOND]), 10, 'what left before that does not count');
  assert.equal(clear(10, [0, 0, 0, 0, 0]), 2, 'five in a second at most');
  assert.equal(clear(0, []), 0, 'nothing is due');
  assert.equal(clear(5, []), null, 'nobody can tell');
  assert.equal(clear(5, [10 * MINUTE]), null, 'nothing moves any more');
});

test('the age of the oldest is in seconds, and of nothing there is none', () => {
  assert.deepEqual(queueOf({ waiting: 2, due: 0, since: now - 90 * SECOND, left: [] }, now), {
    waiting: 2,
    due: 0,
    oldestSeconds: 90,
    clearSeconds: 0,
  });
  assert.equal(queueOf({ waiting: 0, due: 0, since: null, left: [] }, now).oldestSeconds, null);
});
