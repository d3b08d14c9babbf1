import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import type { SimRequest } from '../../src/lab/sim/world.ts';
import { addSuppression } from '../../src/store/projections/suppressions.ts';
import { type Homing, queueMail, startByHand } from '../support/homing.ts';

const env = { ENCRYPTION_KEY: 'ab'.repeat(32) };
const isSend = ({ method, path }: SimRequest): boolean => method === 'POST' && /\/messages(\.mime)?$/.test(path);
const sends = ({ sim }: Homing): SimRequest[] => sim.requests.filter(isSend);
const list = (count: number): string[] => Array.from({ length: count }, (_, n) => `p${n}@example.org`);
const states = async (homing: Homing, id: string) =>
  new Set((await homing.views(id)).map(({ delivery }) => `${delivery.state} ${delivery.attempt}`));

test('a mail to a thousand leaves in one call, and each delivery is followed by itself', async (t) => {
  const homing = await startByHand(t, { env });
  const { sim, clock, play } = homing;
  sim.fate('p7@example.org', { fail: { code: 550, enhanced: '5.1.1', message: 'no such user', bounceType: 'hard' } });
  const id = await queueMail(homing, list(1000).join(', '));
  await play(clock() + MINUTE);
  assert.equal(sends(homing).length, 1);
  const views = await homing.views(id);
  const failed = views.filter(({ delivery }) => delivery.state === 'failed').map(({ recipient }) => recipient);
  assert.deepEqual(failed, ['p7@example.org']);
  assert.equal(views.filter(({ delivery }) => delivery.state === 'delivered').length, 999);
});

test('a mail that two claims share leaves in as many calls, one copy each', async (t) => {
  const homing = await startByHand(t, { env: { ...env, SEND_RATES: 'mailgun=10/s' } });
  const { sim, clock, settle } = homing;
  await queueMail(homing, list(50).join(', '));
  for (let second = 0; second < 6; second++) {
    await settle();
    clock.advance(SECOND);
  }
  assert.equal(sends(homing).length, 4, 'twenty of them at first, then ten a second');
  for (const one of list(50)) assert.equal(sim.copies(one), 1);
});

test('when one address spoils the call for all, each gets a call, and the others their mail', async (t) => {
  const homing = await startByHand(t, { env });
  const { sim, clock, play } = homing;
  const spoils = (r: SimRequest) => isSend(r) && String(r.fields['to']).includes('p3@');
  sim.misbehave(spoils, { status: 400, body: '{"message":"to parameter is not a valid address"}' });
  const id = await queueMail(homing, list(6).join(', '));
  await play(clock() + MINUTE);
  assert.equal(sends(homing).length, 7);
  const views = await homing.views(id);
  for (const { recipient, delivery } of views)
    assert.equal(delivery.state, recipient === 'p3@example.org' ? 'failed' : 'delivered', recipient);
});

test('a call without an answer is none for each of them: nobody gets it twice', async (t) => {
  const homing = await startByHand(t, { env });
  const { sim, clock, play } = homing;
  sim.misbehave(isSend, 'dropBeforeAnswer', 1);
  const id = await queueMail(homing, list(5).join(', '));
  await homing.dispatch();
  assert.deepEqual(await states(homing, id), new Set(['unconfirmed 1']));
  await play(clock() + 2 * HOUR);
  assert.deepEqual(await states(homing, id), new Set(['delivered 1']));
  for (const one of list(5)) assert.equal(sim.copies(one), 1);
});

test('who is on the suppression list gets nothing, and the others are shown whom it was written to', async (t) => {
  const homing = await startByHand(t, { env });
  const { sim, store, clock, play } = homing;
  await addSuppression(store, { address: 'p1@example.org', who: 'ops', reason: null }, clock());
  await queueMail(homing, list(3).join(', '));
  await play(clock() + MINUTE);
  assert.equal(sends(homing).length, 1);
  assert.equal(sim.copies('p1@example.org'), 0);
  assert.match(
    sim.inboxOf('p2@example.org')[0]?.mime ?? '',
    /^To: p0@example\.org, p1@example\.org, p2@example\.org\r$/m,
  );
});
