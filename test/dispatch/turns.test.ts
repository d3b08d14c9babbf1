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
