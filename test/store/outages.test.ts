import assert from 'node:assert/strict';
import type { Change } from '../../src/core/health.ts';
import type { Outage } from '../../src/core/outages.ts';
import { DAY, HOUR, MINUTE, type Ms, SECOND } from '../../src/core/time.ts';
import { tollWords } from '../../src/core/words/outages.ts';
import { changeHealth } from '../../src/store/change-health.ts';
import type { Store } from '../../src/store/db/open.ts';
import { backlogAt, expectDrains } from '../../src/store/drains.ts';
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
      ...{ held: 0, expired: 1, doubles: 1, drain: 0, expected: null },
    });
  },
);

eachStore('while it lasts, what waits for it is counted, but not what an operator holds', async ({ store }) => {
  await lives(store, ['down', MORNING]);
  await queued(store, MORNING, 'access');
  await queued(store, MORNING, 'notice');
  const { lease, ids } = await claimAny(store, MORNING + SECOND, 10, MINUTE);
  assert.equal(ids.length, 2);
  await park(
    store,
    lease,
    'held',
    ids.map((id) => ({ id, at: END })),
  );
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

/** An outage that ends with four mails that wait; says how to hand them over. */
async function withBacklog(store: Store) {
  await lives(store, ['down', MORNING]);
  const ids: string[] = [];
  for (const n of [1, 2, 3, 4]) ids.push(await queued(store, MORNING + n * MINUTE));
  const backlog = await backlogAt(store, 'mailgun', END);
  const before = { state: 'down', since: MORNING, share: 100, wellSince: null, probesFailed: 0 } as const;
  const back = { state: 'healthy', share: 100, evidence: 'it is back' } as const;
  assert.ok(await changeHealth(store, 'mailgun', { before, change: back, backlog }, END));
  const outage = await only(store);
  return {
    backlog,
    handOver: (some: [from: number, to: number], at: Ms) =>
      change(store, ids.slice(...some), at, () => [claimed(1, at, { how: 'send' })]),
    toll: (now: Ms) => tollOf(store, outage, now),
    words: async (now: Ms) => tollWords(outage, await tollOf(store, outage, now)).at(-1),
  };
}

eachStore('how long the backlog takes is expected once, from its first half minute, and kept', async ({ store }) => {
  const { backlog, handOver, toll, words } = await withBacklog(store);
  assert.equal(backlog?.waiting, 4);
  await queued(store, END + SECOND);
  await expectDrains(store, 30 * SECOND, END + 29 * SECOND);
  assert.equal((await toll(END + 29 * SECOND)).expected, null);
  await handOver([0, 1], END + 10 * SECOND);
  await expectDrains(store, 30 * SECOND, END + 30 * SECOND);
  const { drain, expected } = await toll(END + 30 * SECOND);
  assert.deepEqual([drain, expected], [null, 2 * MINUTE]);
  assert.equal(await words(END + 30 * SECOND), 'Some of what had waited still waits; 2 min had been expected.');
  await handOver([1, 4], END + 100 * SECOND);
  await expectDrains(store, 30 * SECOND, END + 100 * SECOND);
  assert.equal(
    await words(END + HOUR),
    'The last of what had waited left 1 min 40 s after the end; 2 min had been expected.',
  );
});

eachStore('where nothing has left after half a minute, or all has, nothing is expected', async ({ store }) => {
  const { handOver, toll } = await withBacklog(store);
  await expectDrains(store, 30 * SECOND, END + 31 * SECOND);
  await handOver([0, 2], END + 40 * SECOND);
  await expectDrains(store, 30 * SECOND, END + 50 * SECOND);
  assert.equal((await toll(END + MINUTE)).expected, null);
  assert.deepEqual(await store.db('drains'), []);
});

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
