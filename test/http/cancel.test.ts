import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CancelledDelivery } from '../../src/core/cancelled.ts';
import { MINUTE } from '../../src/core/time.ts';
import { DOMAIN, queueMail, startByHand } from '../support/homing.ts';

test('a wish to cancel is answered truthfully for each delivery, by id and by key', async (t) => {
  const homing = await startByHand(t, { env: { ENCRYPTION_KEY: 'ab'.repeat(32) } });
  const { url, sim, clock, play, dispatch } = homing;
  const cancel = async (path: string, body: object) => {
    const headers = { authorization: 'Bearer token', 'content-type': 'application/json' };
    const answer = await fetch(`${url}/api/messages/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return (await answer.json()) as { cancelled: number; deliveries: CancelledDelivery[] };
  };
  const key = { 'v:homing-key': 'all', 'v:homing-class': 'notice' };
  const delivered = await queueMail(homing, 'delivered@example.org');
  await play(clock() + MINUTE);
  sim.fate('out@example.org', 'silence');
  const out = await queueMail(homing, 'out@example.org', key);
  await dispatch();
  const waiting = await queueMail(homing, 'waiting@example.org');

  const answers = await Promise.all([delivered, out, waiting].map((id) => cancel(`${id}/cancel`, {})));
  assert.deepEqual(answers, [
    { cancelled: 0, deliveries: [{ recipient: 'delivered@example.org', outcome: 'already_delivered' }] },
    { cancelled: 1, deliveries: [{ recipient: 'out@example.org', outcome: 'already_handed_over' }] },
    { cancelled: 1, deliveries: [{ recipient: 'waiting@example.org', outcome: 'cancelled' }] },
  ]);
  assert.deepEqual(await cancel(`${waiting}/cancel`, {}), {
    cancelled: 0,
    deliveries: [{ recipient: 'waiting@example.org', outcome: 'already_ended' }],
  });
  assert.deepEqual(await cancel(`${out}/cancel`, {}), {
    cancelled: 0,
    deliveries: [{ recipient: 'out@example.org', outcome: 'already_handed_over' }],
  });

  await queueMail(homing, 'a@example.org,b@example.org', key);
  const byKey = await cancel('cancel', { key: 'all' });
  assert.equal(byKey.cancelled, 2);
  assert.deepEqual(byKey.deliveries.map(({ recipient, outcome }) => `${recipient} ${outcome}`).sort(), [
    'a@example.org cancelled',
    'b@example.org cancelled',
    'out@example.org already_handed_over',
  ]);
  assert.equal(sim.copies('a@example.org') + sim.copies('waiting@example.org'), 0, DOMAIN);
});
