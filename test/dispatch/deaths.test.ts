import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endedFact } from '../../src/core/ended.ts';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import { claimedFact } from '../../src/dispatch/facts.ts';
import { reopenMessage } from '../../src/operate/operate.ts';
import { prune } from '../../src/operate/prune.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { type Homing, only, queueMail, startByHand } from '../support/homing.ts';

/** A process claims the mail for a minute and is never heard of again. */
async function dieWith({ store, clock }: Homing, id: string): Promise<void> {
  const deliveryId = (await store.db('deliveries').where({ message_id: id }).first('id')).id as string;
  const action = { do: 'handOver', provider: 'mailgun', role: 'first', way: 'whole' } as const;
  const claim = { lease: 'gone', leaseFor: MINUTE, now: clock() };
  await change(store, [deliveryId], clock(), (view) => [
    claimedFact(view, { ...action, deliverAt: null, double: null, why: null }, claim),
  ]);
}

test('a mail that ended three processes in a row is set aside, told, and sent again when an operator wants it', async (t) => {
  const homing = await startByHand(t, { env: { ENCRYPTION_KEY: 'ab'.repeat(32) }, secondary: true });
  const { sim, clock, alerts, play } = homing;
  const id = await queueMail(homing, 'ann@example.org', { 'v:homing-class': 'bulk' });
  for (let n = 1; n <= 3; n++) {
    await dieWith(homing, id);
    clock.advance(MINUTE);
    await homing.dispatch();
    assert.equal((await only(homing, id)).delivery.state, 'unconfirmed', `after death ${n}`);
  }
  await play(clock() + 3 * HOUR);
  const { delivery } = await only(homing, id);
  assert.deepEqual([delivery.state, delivery.reason], ['abandoned', 'ends_processes']);
  assert.equal(sim.copies('ann@example.org'), 0);
  assert.match(
    alerts()
      .map(({ text }) => text)
      .join('\n'),
    /three processes in a row ended while they handed it over/,
  );
  await reopenMessage(homing.store, { message: id, who: 'Ann', what: 'retry' }, clock());
  await play(clock() + HOUR);
  assert.equal((await only(homing, id)).delivery.state, 'delivered');
  assert.equal((await homing.store.db('message_bodies')).length, 0);
});

test('the copy of a mail that was set aside is kept for three days', async (t) => {
  const homing = await startByHand(t, { env: { ENCRYPTION_KEY: 'ab'.repeat(32) } });
  const { store, clock } = homing;
  const id = await queueMail(homing, 'ann@example.org, bee@example.org');
  const [ann, bee] = await homing.views(id);
  assert.ok(ann && bee);
  await change(store, [ann.id, bee.id], clock(), (view) => [endedFact(view, 'abandoned', 'ends_processes', clock())]);
  const copies = async () => Number((await store.db('message_bodies').count({ n: '*' }).first())?.['n']);
  const after = async (days: number) => {
    clock.advance(days * DAY);
    await prune({ store, retentionDays: 30, now: clock });
    return copies();
  };
  assert.deepEqual([await copies(), await after(2), await after(2)], [1, 1, 0]);
});
