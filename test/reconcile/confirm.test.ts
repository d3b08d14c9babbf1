// Mailgun's signature does not cover the body: with one valid signature anybody can post a complaint about anybody.
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { DAY, HOUR, MINUTE } from '../../src/core/time.ts';
import { NO_SUCH_USER } from '../../src/lab/sim/fates.ts';
import { confirmEvents } from '../../src/store/inbox/doubts.ts';
import { DOMAIN, type Homing, only, SIGNING_KEY, startByHand } from '../support/homing.ts';
import { eachDatabase } from '../support/stores.ts';

const HARMFUL = {
  complaint: { event: 'complained' },
  unsubscription: { event: 'unsubscribed' },
  'permanent failure': {
    event: 'failed',
    severity: 'permanent',
    'delivery-status': { code: 550, message: '5.1.1 The email account that you tried to reach does not exist' },
  },
} as const;

async function forge(homing: Homing, id: string, recipient: string, event: object): Promise<void> {
  const timestamp = String(Math.floor(homing.clock() / 1000));
  const token = randomBytes(25).toString('hex');
  const signature = createHmac('sha256', SIGNING_KEY)
    .update(timestamp + token)
    .digest('hex');
  const { rfcMessageId } = await only(homing, id);
  const data = {
    ...event,
    ...{ id: randomBytes(8).toString('hex'), timestamp: homing.clock() / 1000, recipient, domain: { name: DOMAIN } },
    message: { headers: { 'message-id': rfcMessageId } },
  };
  const response = await fetch(`${homing.url}/webhooks/mailgun`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ signature: { timestamp, token, signature }, 'event-data': data }),
  });
  assert.equal(response.status, 200);
}

const listed = async ({ store }: Homing) => (await store.db('suppressions')).length;

for (const [words, event] of Object.entries(HARMFUL)) {
  eachDatabase(`a ${words} that Mailgun has no record of does no harm`, async (t, database) => {
    const homing = await startByHand(t, { database });
    homing.sim.fate('ann@inbox.test', {
      defer: { code: 451, message: 'Try again later' },
      after: 3 * HOUR,
      next: 'deliver',
    });
    const id = await homing.send('ann@inbox.test');
    await homing.play(homing.clock() + 5 * MINUTE);
    await forge(homing, id, 'ann@inbox.test', event);
    await homing.play(homing.clock() + DAY);
    assert.equal((await only(homing, id)).delivery.state, 'delivered');
    assert.equal(await listed(homing), 0);
    const [row] = await homing.store.db('inbox').where({ outcome: 'set_aside' }).select('error');
    assert.match(row.error, /no record of it/);
    assert.ok(homing.lines.some((line) => /no record of it/.test(line)));
  });

  eachDatabase(
    `a ${words} is believed when Mailgun can't be asked for ten minutes, and not before`,
    async (t, database) => {
      const homing = await startByHand(t, { database });
      const id = await homing.send('ann@inbox.test');
      await homing.play(homing.clock() + 5 * MINUTE);
      homing.sim.misbehave(({ path }) => /\/events/.test(path), { status: 500, body: '{}' });
      await forge(homing, id, 'ann@inbox.test', event);
      await homing.play(homing.clock() + 9 * MINUTE);
      assert.equal(await listed(homing), 0);
      await homing.play(homing.clock() + 20 * MINUTE);
      assert.equal(await listed(homing), 1);
    },
  );
}

eachDatabase(
  'a bounce that Mailgun confirms counts at once, and one of a mail that it does not know',
  async (t, database) => {
    const homing = await startByHand(t, { database });
    homing.sim.fate('bob@inbox.test', NO_SUCH_USER);
    const id = await homing.send('bob@inbox.test');
    await homing.play(homing.clock() + MINUTE);
    assert.equal((await only(homing, id)).delivery.state, 'failed');
    const unknown = await homing.send('eve@inbox.test', { record: 'before' });
    homing.sim.misbehave(({ path }) => /\/events/.test(path), { status: 200, body: '{"items":[],"paging":{}}' });
    await forge(homing, unknown, 'eve@inbox.test', HARMFUL.complaint);
    await homing.play(homing.clock() + MINUTE);
    assert.equal(await listed(homing), 2);
  },
);

eachDatabase('a complaint that Mailgun lists later than it should counts then', async (t, database) => {
  const homing = await startByHand(t, { database });
  const id = await homing.send('ann@inbox.test');
  await homing.play(homing.clock() + 5 * MINUTE);
  await forge(homing, id, 'ann@inbox.test', HARMFUL.complaint);
  await homing.play(homing.clock() + 2 * HOUR);
  const [row] = await homing.store.db('inbox').where({ outcome: 'set_aside' }).select('event_key');
  await confirmEvents(homing.store, [row.event_key]);
  await homing.play(homing.clock() + MINUTE);
  assert.equal(await listed(homing), 1);
});
