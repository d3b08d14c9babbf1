// Who gets the places when much more waits than can leave at once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SECOND } from '../../src/core/time.ts';
import { queueMail, startByHand } from '../support/homing.ts';

test('access mail that came behind hundreds of notices leaves with the first of them', async (t) => {
  const homing = await startByHand(t, { env: { ENCRYPTION_KEY: 'ab'.repeat(32) } });
  const { sim, clock, play } = homing;
  for (let n = 0; n < 300; n++) await queueMail(homing, `notice-${n}@inbox.test`, { 'v:homing-class': 'notice' });
  for (let n = 0; n < 20; n++) await queueMail(homing, `access-${n}@inbox.test`, { 'v:homing-class': 'access' });
  await play(clock() + 30 * SECOND);
  const order = sim.handovers.map(({ recipient }) => recipient);
  assert.equal(order.length, 320);
  const last = Math.max(...Array.from({ length: 20 }, (_, n) => order.indexOf(`access-${n}@inbox.test`)));
  assert.ok(last < 100, `the last one was number ${last}`);
});

test('notices leave in the order in which they came, also when access mail takes their places', async (t) => {
  const homing = await startByHand(t, { env: { ENCRYPTION_KEY: 'ab'.repeat(32) } });
  const { sim, clock, dispatch } = homing;
  const notices: string[] = [];
  const queue = async (count: number, kind: 'access' | 'notice') => {
    for (let n = 0; n < count; n++) {
      const to = `${kind}-${notices.length}-${n}@inbox.test`;
      await queueMail(homing, to, { 'v:homing-class': kind });
      if (kind === 'notice') notices.push(to);
    }
  };
  await queue(200, 'notice');
  for (let pass = 0; pass < 8; pass++) {
    clock.advance(SECOND);
    await queue(60, 'access');
    await queue(15, 'notice');
    await dispatch();
  }
  const left = new Set(sim.handovers.map(({ recipient }) => recipient));
  const isGone = notices.map((to) => left.has(to));
  assert.ok(isGone.includes(false), 'not all of them have left');
  assert.ok(isGone.includes(true), 'some have left');
  assert.equal(isGone.lastIndexOf(true) + 1, isGone.indexOf(false), 'none has left before an older one');
});
