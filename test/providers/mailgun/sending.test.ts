import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startSimMailgun } from '../../../src/lab/sim/mailgun.ts';
import type { SimSending } from '../../../src/lab/sim/world.ts';
import { createPort } from '../../../src/providers/mailgun/port.ts';
import { createSending } from '../../../src/providers/mailgun/sending.ts';
import { MORNING } from '../../support/clock.ts';

const AT = '2026-11-25T09:00:00Z';
const WARMUP = {
  ...{ ip: '192.0.2.9', stage: 3, stages: 15, stageLimit: 4000, hourlyLimit: 100 },
  ...{ sent: '25%', stageSince: AT, since: AT },
};

async function sendingOf(t: TestContext, sending: SimSending, ips: string[] = []) {
  const sim = await startSimMailgun({ apiKey: 'key-x', signingKey: 's', domains: ['mg.example.com'], ips, sending });
  const allowedHosts = [new URL(sim.url).host];
  const port = createPort({ apiUrl: sim.url, apiKey: 'key-x', timeout: 5000, allowedHosts });
  t.after(async () => {
    await port.close();
    await sim.close();
  });
  return { sim, sending: createSending(port) };
}

test('addresses are told with whether they are ours alone and warm up, and pools with their addresses', async (t) => {
  const pools = [{ pool_id: 'p1', name: 'resets', ips: ['192.0.2.9', 'nonsense'] }];
  const { sending } = await sendingOf(t, { dedicated: ['192.0.2.9'], warmups: [WARMUP], pools }, ['192.0.2.1']);
  assert.deepEqual(await sending.addresses(), [
    { ip: '192.0.2.1', dedicated: false, warmingUp: false },
    { ip: '192.0.2.9', dedicated: true, warmingUp: true },
  ]);
  assert.deepEqual(await sending.pools(), [{ id: 'p1', name: 'resets', ips: ['192.0.2.9'] }]);
});

test('a warm-up is told with its stage, and without what Mailgun does not say of it', async (t) => {
  const { sim, sending } = await sendingOf(t, { warmups: [WARMUP] });
  const since = Date.parse(AT);
  const known = { ip: '192.0.2.9', stage: 3, stageLimit: 4000, sentInStage: 0.25, stageSince: since };
  assert.deepEqual(await sending.warmups(), [{ ...known, stages: 15, hourlyLimit: 100, since }]);
  sim.misbehave(({ path }) => path.startsWith('/v3/ip_warmups/'), { status: 500 } as never);
  assert.deepEqual(await sending.warmups(), [{ ...known, stages: null, hourlyLimit: null, since: null }]);
});

test('alerts that are set at Mailgun are told with whether they ring now', async (t) => {
  const alert = { id: 'a', name: 'bounces', metric: 'hard_bounce_rate', comparator: '>', limit: '.05', period: '1h' };
  const other = { ...alert, id: 'b', name: 'complaints', metric: 'complained_rate', alert_channels: ['email'] };
  const hits = [{ id: 'a', metric: 'hard_bounce_rate', triggered: true, latest_value: '0.08' }];
  const { sending } = await sendingOf(t, { thresholds: [alert, other], hits });
  const told = await sending.thresholds();
  assert.deepEqual(
    told.map(({ name, triggered, latest, channels }) => [name, triggered, latest, channels]),
    [
      ['bounces', true, '0.08', []],
      ['complaints', false, null, ['email']],
    ],
  );
});

test("Mailgun's classification is told by mailbox provider", async (t) => {
  const metrics = { critical_bounce_count: 10, non_critical_bounce_count: 20, delivered_smtp_count: 1000 };
  const { sending } = await sendingOf(t, { classified: [{ entity: 'Gmail', metrics }] });
  const counts = { criticalBounces: 10, otherBounces: 20, criticalDelays: 0, otherDelays: 0 };
  assert.deepEqual(await sending.classified({ from: MORNING, until: MORNING + 1 }), [
    { entity: 'Gmail', delivered: 1000, ...counts },
  ]);
});

test('a key that may not ask, and an answer without its list, are errors and never an empty list', async (t) => {
  const { sim, sending } = await sendingOf(t, { denied: true });
  const asks = [sending.addresses, sending.pools, sending.warmups, sending.thresholds];
  for (const ask of asks) await assert.rejects(ask(), { name: 'ApiRefusal', status: 403 });
  await assert.rejects(sending.classified({ from: MORNING, until: MORNING + 1 }), { name: 'ApiRefusal' });
  sim.misbehave(() => true, { status: 200, body: '{"message":"success"}' } as never);
  await assert.rejects(sending.warmups());
  await assert.rejects(sending.pools());
});
