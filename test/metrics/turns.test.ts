import assert from 'node:assert/strict';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { databaseNow } from '../../src/metrics/database.ts';
import { expose } from '../../src/metrics/expose.ts';
import { createTally, joined } from '../../src/metrics/tally.ts';
import { countingTurns } from '../../src/metrics/turns.ts';
import type { Store } from '../../src/store/db/open.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { MORNING } from '../support/clock.ts';
import { claimed, ended, failed, reopened, reported, seed } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';
import { valuesIn } from './support.ts';

const PROVIDERS = ['mailgun', 'smtp.example:25'];

/** Counts what is changed from now on. */
function counting(store: Store) {
  const tally = createTally();
  store.heard = countingTurns(tally, PROVIDERS);
  const read = async (at = MORNING + MINUTE) => {
    const samples = await databaseNow({ store, providers: PROVIDERS, now: at });
    return valuesIn((await expose(joined([tally.read(), { samples, spreads: [] }]))).text);
  };
  return { read };
}

eachStore(
  'an end is counted when it comes, once however often it is told, and again when it was opened meanwhile',
  async ({ store }) => {
    const { read } = counting(store);
    const [view] = await seed(store, { class: 'access' });
    const id = view?.id ?? '';
    const end = ended(1, MORNING + 1, 'abandoned', 'storage_gone');
    for (const facts of [[end], [end]]) await change(store, [id], MORNING + 1, () => facts);
    const name = (state: string, provider = 'mailgun') =>
      `homing_deliveries_ended_total{class="access",provider="${provider}",state="${state}"}`;
    assert.equal((await read()).get(name('abandoned')), 1);
    await change(store, [id], MORNING + 2, () => [reopened(1, MORNING + 2, 1, 2)]);
    await change(store, [id], MORNING + 3, () => [ended(1, MORNING + 3, 'abandoned', 'storage_gone', 1)]);
    const values = await read();
    assert.equal(values.get(name('abandoned')), 2);
    assert.equal(values.get(name('delivered')), 0);
    assert.equal(values.get(name('failed', 'smtp.example:25')), 0, 'it is there before the first');
  },
);

eachStore('the time to delivery is that of the event, and from when the mail was wanted', async ({ store }) => {
  const { read } = counting(store);
  const later = MORNING + 10 * MINUTE;
  const [view] = await seed(store, { class: 'access', deliverAt: later });
  await change(store, [view?.id ?? ''], later + 40 * MINUTE, () => [reported('delivered', later + 8 * SECOND)]);
  const values = await read();
  const upTo = (le: string) =>
    values.get(`homing_time_to_delivery_seconds_bucket{le="${le}",class="access",provider="mailgun"}`);
  assert.deepEqual([upTo('5'), upTo('10'), upTo('+Inf')], [0, 1, 1]);
});

eachStore('doubles, and what is found by asking, are counted', async ({ store }) => {
  const { read } = counting(store);
  const [view] = await seed(store);
  const id = view?.id ?? '';
  await change(store, [id], MORNING + 1, () => [failed(MORNING + 1)]);
  await change(store, [id], MORNING + 2, () => [
    claimed(2, MORNING + 2, { double: 'it may have arrived', since: MORNING + 1 }),
  ]);
  await change(store, [id], MORNING + 3, () => [reported('delivered', MORNING + 3, { foundBy: 'poll' })]);
  const values = await read();
  assert.equal(values.get('homing_doubles_total{kind="possible"}'), 1);
  assert.equal(values.get('homing_events_total{provider="mailgun",source="poll"}'), 1);
  assert.equal(values.get('homing_reports_total{class="notice",provider="mailgun",report="failed"}'), 1);
  assert.equal(values.get('homing_polled_ratio'), 0.5);
});

eachStore(
  'mail to ten thousand domains, from providers nobody knows, makes no more series than mail to one',
  async ({ store }) => {
    const { read } = counting(store);
    const mailTo = async (from: number, to: number) => {
      const recipients = Array.from({ length: to - from }, (_, n) => `p@d${from + n}.example`);
      const views = await seed(store, { messageId: `m${from}@mg.example.com`, recipients });
      const ids = views.map(({ id }) => id);
      await change(store, ids, MORNING + 1, () => [failed(MORNING + 1, 'retry', { provider: `gone-${from}:25` })]);
    };
    await mailTo(0, 1);
    const few = await read();
    for (let from = 1; from < 10_000; from += 1000) await mailTo(from, Math.min(from + 1000, 10_000));
    const many = await read();
    assert.deepEqual([...many.keys()], [...few.keys()]);
    assert.equal(many.get('homing_reports_total{class="notice",provider="other",report="failed"}'), 10_000);
    assert.equal(many.get('homing_receiver_reports_total{receiver="other",report="failed"}'), 10_000);
    assert.ok(many.size < 1500, `${many.size}`);
  },
);
