// Somebody waits for a mail that does not come, and asks for it again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { BLOCKED_IP } from '../../src/lab/sim/fates.ts';
import { DOMAIN, type Homing, only, startByHand } from '../support/homing.ts';

const ENV = { ENCRYPTION_KEY: 'ab'.repeat(32) };
const ANN = 'ann@slow.test';

async function queued({ url }: Homing, more: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`${url}/v3/${DOMAIN}/messages`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from('api:token').toString('base64')}` },
    body: new URLSearchParams({ from: `team@${DOMAIN}`, to: ANN, subject: 'Hi', text: 'Hi', ...more }),
  });
  await response.arrayBuffer();
  return response.headers.get('homing-status-token') ?? '';
}

const ask = async ({ url }: Homing, token: string) =>
  (await (await fetch(`${url}/status/${token}/resend`, { method: 'POST' })).json()) as { result: string };

const resultsOf = async (homing: Homing, token: string): Promise<string[]> => {
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask(homing, token)));
  return [...new Set(answers.map(({ result }) => result))];
};

test('ten clicks send a mail once more, and its arrival is the end of it', async (t) => {
  const homing = await startByHand(t, { env: ENV });
  homing.sim.fate(ANN, ['silence', 'deliver']);
  const token = await queued(homing, { 'v:homing-class': 'access' });
  await homing.play(homing.clock() + 30 * SECOND);
  assert.deepEqual(await resultsOf(homing, token), ['waiting']);
  await homing.play(homing.clock() + 35 * SECOND);
  assert.equal(homing.sim.handovers.length, 1, 'nothing left before its time');
  assert.deepEqual(await resultsOf(homing, token), ['resent']);
  await homing.play(homing.clock() + 10 * MINUTE);
  assert.equal(homing.sim.handovers.length, 2);
  assert.equal(homing.sim.copies(ANN), 1);
  assert.equal((await only(homing, token.slice(0, 26))).delivery.state, 'delivered');
  assert.deepEqual(await resultsOf(homing, token), ['already_delivered']);
});

test('a retry that waits here leaves in place of the older one, and not besides', async (t) => {
  const homing = await startByHand(t, { env: { ...ENV, RETRY_SCHEDULE: 'local' } });
  homing.sim.fate(ANN, [BLOCKED_IP, 'deliver']);
  const token = await queued(homing);
  await homing.play(homing.clock() + MINUTE);
  const { delivery } = await only(homing, token.slice(0, 26));
  assert.equal(delivery.state, 'queued');
  assert.ok((delivery.nextAt ?? 0) > homing.clock(), 'it waits for its time');
  assert.deepEqual(await resultsOf(homing, token), ['resent']);
  await homing.play(homing.clock() + 10 * MINUTE);
  assert.equal(homing.sim.handovers.length, 2);
  assert.equal(homing.sim.copies(ANN), 1);
});
