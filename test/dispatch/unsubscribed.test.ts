import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE } from '../../src/core/time.ts';
import { transact } from '../../src/store/db/transact.ts';
import { DOMAIN, type Homing, queueMail, startByHand } from '../support/homing.ts';

const env = { ENCRYPTION_KEY: 'ab'.repeat(32) };
const ANN = 'ann@example.org';

const list = ({ store, clock }: Homing, cause: 'unsubscribed' | 'complained') =>
  transact(store, (tx) =>
    tx('suppressions').insert({ address_key: ANN, cause, reply: null, delivery_id: null, created_at: clock() }),
  );

async function outcomes(homing: Homing): Promise<Record<string, string>> {
  for (const kind of ['access', 'notice', 'bulk']) await queueMail(homing, ANN, { 'v:homing-class': kind });
  await homing.play(homing.clock() + 5 * MINUTE);
  const rows: { class: string; state: string }[] = await homing.store.db('deliveries').select('class', 'state');
  return Object.fromEntries(rows.map((row) => [row.class, row.state]));
}

test('who unsubscribed gets what gives access, and nothing else', async (t) => {
  const homing = await startByHand(t, { env });
  await list(homing, 'unsubscribed');
  assert.deepEqual(await outcomes(homing), { access: 'delivered', notice: 'failed', bulk: 'failed' });
});

test('who complained gets nothing', async (t) => {
  const homing = await startByHand(t, { env });
  await list(homing, 'complained');
  assert.deepEqual(await outcomes(homing), { access: 'failed', notice: 'failed', bulk: 'failed' });
});

test('what gives access leaves by the secondary when Mailgun keeps it back from who unsubscribed', async (t) => {
  const homing = await startByHand(t, { env });
  const form = new URLSearchParams({ address: ANN });
  const login = `Basic ${Buffer.from(`api:${homing.sim.environment['MAILGUN_API_KEY']}`).toString('base64')}`;
  const put = await fetch(`${homing.sim.url}/v3/${DOMAIN}/unsubscribes`, {
    ...{ method: 'POST', body: form, headers: { authorization: login } },
  });
  assert.equal(put.status, 200);
  assert.deepEqual(await outcomes(homing), { access: 'relayed', notice: 'failed', bulk: 'failed' });
});
