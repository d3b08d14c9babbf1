import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE, SECOND } from '../src/core/time.ts';
import { createGate } from '../src/gate.ts';
import { clockAt, MORNING } from './support/clock.ts';

function gate() {
  const clock = clockAt();
  return { clock, gate: createGate({ now: clock, pause: 30 * SECOND }) };
}

test('what refuses is left alone for longer each time, and used again when it worked', () => {
  const { clock, gate: g } = gate();
  assert.equal(g.standing('a'), undefined);
  const waits = [1, 2, 3, 4, 5, 6, 7].map(() => {
    g.refused('a', 'busy');
    const until = g.closed('a')?.until ?? 0;
    const wait = (until - clock()) / SECOND;
    clock.set(until);
    return wait;
  });
  assert.deepEqual(waits, [30, 60, 120, 240, 480, 960, 960]);
  assert.equal(g.closed('a'), null);
  assert.deepEqual([g.standing('a')?.since, g.standing('a')?.times], [MORNING, 7]);
  g.worked('a');
  assert.equal(g.standing('a'), null);
  assert.equal(g.closed('b'), null, 'another name is another matter');
});

test('what was under way when the first refusal came counts as the same refusal', () => {
  const { clock, gate: g } = gate();
  for (let n = 0; n < 16; n++) g.refused('a', 'busy');
  assert.deepEqual([g.closed('a')?.times, g.closed('a')?.until], [1, clock() + 30 * SECOND]);
});

test('a wait that was asked for is kept, and a shorter one does not cut it', () => {
  const { clock, gate: g } = gate();
  g.refused('a', 'busy', 2 * MINUTE);
  g.refused('a', 'busy', SECOND);
  assert.equal(g.closed('a')?.until, clock() + 2 * MINUTE);
  g.refused('a', 'busy', 5 * MINUTE);
  assert.equal(g.closed('a')?.until, clock() + 5 * MINUTE);
});
