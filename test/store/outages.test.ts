import assert from 'node:assert/strict';
import type { Change } from '../../src/core/health.ts';
import type { Outage } from '../../src/core/outages.ts';
import { DAY, HOUR, MINUTE, type Ms, SECOND } from '../../src/core/time.ts';
import { changeHealth } from '../../src/store/change-health.ts';
import type { Store } from '../../src/store/db/open.ts';
import { park } from '../../src/store/ledger/due.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { unwell } from '../../src/store/notes/health.ts';
import { addHold } from '../../src/store/notes/holds.ts';
import { outageNamed, outagesSince, tollOf } from '../../src/store/outages.ts';
import { MORNING } from '../support/clock.ts';
import { claimAny, claimed, ended, seedQueued } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

const END = MORNING + HOUR;

/** A provider that goes through these states, and when. */
async function lives(store: Store, ...states: [Change['state'], Ms][]): Promise<void> {
  let before = { state: 'healthy' as Change['state'], since: 0, share: 100, wellSince: null, probesFailed: 0 };
  for (const [state, at] of states) {
    const made = { before, change: { state, share: 100, evidence: `it was ${state}` } };
    assert.ok(await changeHealth(store, 'mailgun', made, at));
    before = { ...before, state };
  }
}

let mails = 0;
async function queued(store: Store, at: Ms, kind: 'access' | 'notice' = 'notice'): Promise<string> {
  const names = { id: `01QUEUED${String(mails).padStart(18, '0')}`, messageId: `o${mails++}@mg.example.com` };
  const [view] = await seedQueued(store, { ...names, class: kind, createdAt: at }, at);
  return view?.id ?? '';
}

async function only(store: Store): Promise<Outage> {
  const [outage, ...more] = await outagesSince(store, MORNING - DAY);
  assert.ok(outage && more.length === 0);
  return outage;
}

eachStore('an outage is found by the time in which it lasted, and by its id', async ({ store }) => {
  await lives(store, ['suspect', MORNING - MINUTE], ['down', MORNING], ['recovering', END - MINUTE], ['healthy', END]);
  const outage = await only(store);
  assert.deepEqual([outage.startedAt, outage.endedAt, outage.changes.length], [MORNING, END, 3]);
  assert.deepEqual(await outagesSince(store, MORNING + MINUTE), [outage], 'begun before, ended after');
  assert.deepEqual(await outagesSince(store, END + 1), []);
  assert.deepEqual(await outageNamed(store, outage.id), outage);
  assert.equal(await outageNamed(store, outage.changes[1]?.id ?? ''), null);
});

eachStore(
  'what left elsewhere, expired or may be a double is counted while it lasted, and no longer',
  async ({ store }) => {
    await lives(store, ['suspect', MORNING - MINUTE], ['down', MORNING], ['healthy', END]);
    const fallback = (at: Ms, double: string | null = null) => [claimed(1, at, { how: 'fallback', double })];
    const at = async (when: Ms, kind: 'access' | 'notice', facts: Parameters<typeof change>[3]) =>
      change(store, [await queued(store, when - SECOND, kind)], when, facts);
    await at(MORNING - SECOND, 'access', () => fallback(MORNING - SECOND));
    for (const n of [1, 2, 3]) await at(MORNING + n * MINUTE, 'access', () => fallback(MORNING + n * MINUTE));
    await at(MORNING + MINUTE, 'notice', () => fallback(MORNING + MINUTE, 'no answer'));
    await at(MORNING + MINUTE, 'access', () => [ended(0, MORNING + MINUTE, 'expired', 'useful_life_over')]);
    await at(MORNING + MINUTE, 'access', () => [ended(0, MORNING + MINUTE, 'failed', 'suppressed')]);
    await at(END, 'access', () => [ended(0, END, 'expired', 'useful_life_over')]);
    const toll = await tollOf(store, await only(store), END + HOUR);
    assert.deepEqual(toll, {
      moved: [
        { provider: 'smtp.example:25', class: 'access', n: 3 },
        { provider: 'smtp.example:25', class: 'notice', n: 1 },
      ],
      ...{ held: 0, expired: 1, doubles: 1, drain: 0 },
    });
  },
);

eachStore('while it lasts, what waits for it is counted, but not what an operator holds', async ({ store }) => {
  await lives(store, ['down', MORNING]);
  await queued(store, MORNING, 'access');
  await queued(store, MORNING, 'notice');
  const { lease, ids } = await claimAny(store, MORNING + SECOND, 10, MINUTE);
  assert.equal(ids.length, 2);
  await park(store, lease, ids, { lane: 'held', at: END });
  const held = async () => (await tollOf(store, await only(store), MORNING + MINUTE)).held;
  assert.equal(await held(), 2);
  const wish = { provider: null, class: 'notice', until: null, reason: null, who: 'ops' } as const;
  await addHold(store, wish, MORNING);
  assert.equal(await held(), 1);
});

eachStore(
  'the backlog took until the last of what had waited was handed over; while some waits nobody knows',
  async ({ store }) => {
    await lives(store, ['down', MORNING], ['healthy', END]);
    const first = await queued(store, MORNING + MINUTE);
    const second = await queued(store, END - SECOND);
    const later = await queued(store, END + SECOND);
    const outage = await only(store);
    const drain = async (now: Ms) => (await tollOf(store, outage, now)).drain;
    const handOver = (id: string, at: Ms) => change(store, [id], at, () => [claimed(1, at, { how: 'send' })]);
    await handOver(first, END + 30 * SECOND);
    assert.equal(await drain(END + MINUTE), null);
    await handOver(second, END + 2 * MINUTE);
    await handOver(later, END + 3 * MINUTE);
    assert.equal(await drain(END + HOUR), 2 * MINUTE);
  },
);

eachStore(
  'a change that people are to be told of is made with what they are told, or not at all',
  async ({ store }) => {
    const usual = { state: 'healthy', since: 0, share: 100, wellSince: null, probesFailed: 0 } as const;
    const change = { state: 'down', share: 0, evidence: 'seen' } as const;
    const kind = 'provider_down';
    const alert = { item_key: 'down', incident: kind, kind, at: MORNING, detail: 'seen' } as const;
    const made = () => changeHealth(store, 'mailgun', { before: usual, change, alert }, MORNING);
    await store.db.schema.renameTable('alert_items', 'elsewhere');
    await assert.rejects(made);
    assert.deepEqual(await unwell(store), []);
    await store.db.schema.renameTable('elsewhere', 'alert_items');
    assert.ok(await made());
    assert.deepEqual(await store.db('alert_items').pluck('kind'), [kind]);
  },
);
