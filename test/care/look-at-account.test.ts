import assert from 'node:assert/strict';
import { lookAtAccount } from '../../src/care/look-at-account.ts';
import { accountOf } from '../../src/contract/reputation.ts';
import { DAY, HOUR, type Ms } from '../../src/core/time.ts';
import { startSimMailgun } from '../../src/lab/sim/mailgun.ts';
import type { SimSending, SimWarmup } from '../../src/lab/sim/world.ts';
import { createPort } from '../../src/providers/mailgun/port.ts';
import { createSending } from '../../src/providers/mailgun/sending.ts';
import type { Store } from '../../src/store/db/open.ts';
import { warmupRateNow } from '../../src/store/notes/warmup.ts';
import { MORNING } from '../support/clock.ts';
import { eachStore, type TestStore } from '../support/stores.ts';

const IP = '192.0.2.9';
const iso = (at: Ms): string => new Date(at).toISOString();
const warmup = (more: Partial<SimWarmup> = {}): SimWarmup => ({
  ...{ ip: IP, stage: 3, stages: 15, stageLimit: 4000, hourlyLimit: 360, sent: '25%' },
  ...{ stageSince: iso(MORNING), since: iso(MORNING - 3 * DAY), ...more },
});

/** A Mailgun whose account can be changed, and a look at it so many hours later. */
async function accountAt(t: TestStore['t'], store: Store) {
  const sending: SimSending = { dedicated: [IP] };
  const sim = await startSimMailgun({ apiKey: 'key-x', signingKey: 's', domains: ['mg.example.com'], sending });
  const port = createPort({ apiUrl: sim.url, apiKey: 'key-x', timeout: 5000, allowedHosts: [new URL(sim.url).host] });
  t.after(async () => {
    await port.close();
    await sim.close();
  });
  const look = (hours: number, WARMUP_PACE: 'on' | 'off' = 'on') => {
    const now = () => MORNING + hours * HOUR;
    return lookAtAccount({
      store,
      config: { WARMUP_PACE },
      sending: createSending(port),
      now,
      log: { warn: () => {} },
    });
  };
  const paceAt = async (hours: number) => (await warmupRateNow(store, MORNING + hours * HOUR))?.perSecond ?? null;
  return { sending, look, paceAt };
}

const alertsIn = (store: Store) => store.db('alert_items').orderBy('at').select('kind', 'detail');

eachStore('bulk is paced to the stage while all addresses warm up, and not before or after', async ({ store, t }) => {
  const { sending, look, paceAt } = await accountAt(t, store);
  await look(0);
  assert.equal(await paceAt(0), null);
  sending.dedicated = [IP, '192.0.2.10'];
  sending.warmups = [warmup(), warmup({ ip: '192.0.2.10', hourlyLimit: 720 })];
  await look(1);
  assert.equal(await paceAt(1), 0.3);
  await look(2, 'off');
  assert.equal(await paceAt(2), null);
  await look(3);
  sending.warmups = [];
  await look(4);
  assert.equal(await paceAt(4), null);
});

eachStore(
  'bulk keeps its pace while one address is warm, which takes what is beyond the stage',
  async ({ store, t }) => {
    const { sending, look, paceAt } = await accountAt(t, store);
    sending.warmups = [warmup({ hourlyLimit: 5 })];
    await look(0);
    assert.notEqual(await paceAt(0), null);
    sending.dedicated = [IP, '192.0.2.10'];
    await look(1);
    assert.equal(await paceAt(1), null);
  },
);

eachStore('a status that can not be read changes nothing, but is not believed for days', async ({ store, t }) => {
  const { sending, look, paceAt } = await accountAt(t, store);
  sending.warmups = [warmup()];
  await look(0);
  sending.denied = true;
  const account = await look(1);
  assert.deepEqual(account?.warmups.ok, false);
  assert.equal(await paceAt(1), 0.1);
  assert.equal(await paceAt(47), 0.1);
  assert.equal(await paceAt(49), null);
  assert.deepEqual(await alertsIn(store), []);
  const kept = await accountOf(store, MORNING + HOUR);
  assert.match(kept?.account.pools.ok === false ? kept.account.pools.why : '', /403/);
});

eachStore('a stage that gets too little mail is told once, and when it goes on or is over', async ({ store, t }) => {
  const { sending, look } = await accountAt(t, store);
  sending.warmups = [warmup()];
  for (const hours of [47, 49, 50]) await look(hours);
  const [behind, ...others] = await alertsIn(store);
  assert.deepEqual([behind?.kind, others], ['warmup_behind', []]);
  assert.equal(
    behind?.detail,
    `${IP} warms up: stage 3 of 15, 25.0 % of it sent (4 000 in the stage, 360 an hour), since 2 d 1 h`,
  );
  sending.warmups = [warmup({ stage: 4, stageSince: iso(MORNING + 51 * HOUR) })];
  await look(52);
  assert.equal((await alertsIn(store)).at(1)?.kind, 'warmup_on_course');
  await look(110);
  sending.warmups = [];
  await look(111);
  await look(112);
  assert.deepEqual(
    (await alertsIn(store)).slice(2).map(({ kind, detail }) => [kind, detail.startsWith('the warm-up of')]),
    [
      ['warmup_behind', false],
      ['warmup_on_course', true],
    ],
  );
});
