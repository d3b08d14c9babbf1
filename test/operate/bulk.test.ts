import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BulkAction } from '../../src/core/bulk.ts';
import { releasedFact } from '../../src/core/released.ts';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { NO_SUCH_USER } from '../../src/lab/sim/fates.ts';
import { bulkStep } from '../../src/operate/bulk.ts';
import { reopenedFact } from '../../src/operate/operate.ts';
import {
  type BulkRun,
  beginBulk,
  bulkRun,
  confirmBulk,
  holdBulk,
  NotOurs,
  noteProgress,
  noteProgressIn,
  stopBulk,
  takeBulk,
} from '../../src/store/bulk.ts';
import { changeHealth } from '../../src/store/change-health.ts';
import type { Store } from '../../src/store/db/open.ts';
import { keptAmong } from '../../src/store/ledger/kept.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import type { Filter } from '../../src/store/messages/lists.ts';
import { addHold } from '../../src/store/notes/holds.ts';
import type { View } from '../../src/store/rows/rows.ts';
import { clockAt, MORNING } from '../support/clock.ts';
import { ended, failed, STORAGE, seed, seedQueued, sent, viewsOf } from '../support/factory.ts';
import { ADMIN, type Homing, queueMail, startByHand } from '../support/homing.ts';
import { type LossyProxy, lossyStore } from '../support/lossy-proxy.ts';
import { eachStore, onMariaDb } from '../support/stores.ts';

const KEY = 'ab'.repeat(32);
const LEASE = MINUTE;

type Daemon = Pick<Homing, 'store' | 'clock'>;

async function work({ store, clock }: Daemon): Promise<void> {
  for (let idle = 0; idle < 3; clock.advance(SECOND))
    idle = (await bulkStep({ store, rate: 20, lease: LEASE, now: clock })) === 0 ? idle + 1 : 0;
}

/** Counts, says yes, and does it; gives what it came to. */
async function doAll(daemon: Daemon, action: BulkAction, filter: Filter) {
  const { store, clock } = daemon;
  const wish = { action, query: 'x', filter, who: 'ann' };
  const id = await beginBulk(store, wish, clock());
  await work(daemon);
  const run = await bulkRun(store, id);
  assert.ok(run && run.phase === 'ready');
  assert.equal(await confirmBulk(store, run, { who: 'ann', reason: 'because' }, clock()), true);
  await work(daemon);
  return (await bulkRun(store, id))?.counts;
}

test('one mail of those that are held is let go, and the hold keeps the others', async (t) => {
  const homing = await startByHand(t, { env: { ENCRYPTION_KEY: KEY } });
  const { store, clock, sim, settle } = homing;
  await addHold(store, { provider: null, class: 'notice', until: null, reason: null, who: 'bob' }, clock());
  clock.advance(SECOND);
  for (const name of ['one', 'two']) await queueMail(homing, `${name}@example.org`);
  await settle();
  assert.equal(sim.handovers.length, 0);
  const counts = await doAll(homing, 'release', { recipient: 'one@example.org' });
  assert.deepEqual([counts?.done, counts?.skipped], [1, {}]);
  await settle();
  assert.deepEqual(
    sim.handovers.map(({ recipient }) => recipient),
    ['one@example.org'],
  );
  // What is held from now on is held again.
  assert.deepEqual((await doAll(homing, 'release', { recipient: 'one@example.org' }))?.skipped, { not_held: 1 });
});

eachStore('what was let go is not said to be held any more', async ({ store }) => {
  const [view] = await seedQueued(store);
  assert.ok(view);
  await addHold(store, { provider: null, class: null, until: null, reason: null, who: 'bob' }, MORNING);
  const isHeld = async () => {
    // It waits for its provider, for instance.
    await store.db('due').update({ lane: 'held' });
    return (await keptAmong(store, await viewsOf(store, view.messageId), MORNING + MINUTE)).size > 0;
  };
  assert.equal(await isHeld(), true);
  await change(store, [view.id], MORNING + MINUTE, (one) => [releasedFact(one, 'ann', MORNING + MINUTE)]);
  assert.equal(await isHeld(), false);
});

test('what waits for a provider that is away is not let go', async (t) => {
  const homing = await startByHand(t, { env: { ENCRYPTION_KEY: KEY }, secondary: false });
  const { store, clock, settle } = homing;
  const before = { state: 'healthy', since: 0, share: 100, wellSince: null, probesFailed: 0 } as const;
  await changeHealth(store, 'mailgun', { before, change: { state: 'down', share: 0, evidence: 'x' } }, clock());
  await queueMail(homing, 'one@example.org');
  await settle();
  assert.deepEqual((await doAll(homing, 'release', {}))?.skipped, { provider_away: 1 });
});

test('by the backup it leaves by the secondary, although Mailgun is well', async (t) => {
  const homing = await startByHand(t, { env: { ENCRYPTION_KEY: KEY } });
  const { sim, sink, settle, clock } = homing;
  sim.fate('one@example.org', NO_SUCH_USER);
  await queueMail(homing, 'one@example.org');
  await settle();
  await homing.play(clock() + MINUTE);
  const states = await homing.store.db('deliveries').pluck('state');
  assert.deepEqual(states, ['failed']);
  await homing.store.db('suppressions').delete();
  assert.equal((await doAll(homing, 'backup', {}))?.done, 1);
  await homing.play(clock() + 10 * MINUTE);
  assert.deepEqual(
    sink.mails.map(({ to }) => to[0]).filter((to) => to !== ADMIN),
    ['one@example.org'],
  );
});

eachStore('a message to very many is done in pieces, each of its deliveries once', async ({ store }) => {
  const recipients = Array.from({ length: 250 }, (_, n) => `p${String(n).padStart(3, '0')}@example.net`);
  const lost = [
    ...sent(),
    failed(MORNING + MINUTE, 'retry', { storage: STORAGE }),
    ended(1, MORNING + MINUTE, 'abandoned', 'ip_block'),
  ];
  await seed(store, { recipients, facts: lost });
  const clock = clockAt(MORNING + 5 * MINUTE);
  const counts = await doAll({ store, clock }, 'retry', {});
  assert.deepEqual([counts?.seen, counts?.done], [250, 250]);
  assert.deepEqual(await store.db('deliveries').distinct('state').pluck('state'), ['queued']);
});

eachStore(
  'what a process that died had begun goes on in another, and nobody does the same at the same time',
  async ({ store }) => {
    await seed(store);
    const id = await beginBulk(store, { action: 'cancel', query: 'x', filter: {}, who: 'ann' }, MORNING);
    const dead = await takeBulk(store, { now: MORNING, until: MORNING + LEASE });
    assert.equal(dead?.run.id, id);
    assert.equal(await takeBulk(store, { now: MORNING + SECOND, until: MORNING + LEASE }), null);
    const alive = await takeBulk(store, { now: MORNING + LEASE, until: MORNING + 2 * LEASE });
    assert.equal(alive?.run.id, id);
    assert.equal(dead && (await holdBulk(store, dead.claim, MORNING + 9 * LEASE)), false);
  },
);

const lostMail = (messageId: string) => [
  ...sent(MORNING, messageId),
  failed(MORNING + MINUTE, 'retry', { storage: STORAGE }),
  ended(1, MORNING + MINUTE, 'abandoned', 'ip_block'),
];

/** One that was counted and said yes to. */
async function confirmed({ store, clock }: Daemon, filter: Filter): Promise<BulkRun> {
  const id = await beginBulk(store, { action: 'retry', query: 'x', filter, who: 'ann' }, clock());
  await work({ store, clock });
  const run = await bulkRun(store, id);
  assert.ok(run && (await confirmBulk(store, run, { who: 'ann', reason: 'because' }, clock())));
  return run;
}

onMariaDb('what was done when the COMMIT got no reply is done once, and counted as done', async ({ t, store, url }) => {
  const clock = clockAt(MORNING + 5 * MINUTE);
  const views = await seed(store, { recipients: ['one@example.net', 'two@example.net'], facts: lostMail('m1') });
  const { id } = await confirmed({ store, clock }, {});
  const { store: shaky, proxy } = await lossyStore(t, url);
  await bulkStepLosing(shaky, proxy, clock);
  assert.equal(proxy.lost(), 1);
  await work({ store, clock });
  const run = await bulkRun(store, id);
  assert.deepEqual([run?.phase, run?.counts.done, run?.counts.skipped], ['done', 2, {}]);
  const opened: string[] = await store.db('facts').where({ kind: 'reopened' }).pluck('delivery_id');
  assert.deepEqual(opened.sort(), views.map((view) => view.id).sort());
});

/** A step whose last COMMIT, that of what was done, gets no reply. */
async function bulkStepLosing(shaky: Store, proxy: LossyProxy, clock: () => number): Promise<void> {
  shaky.db.on('query', ({ sql }: { sql: string }) => {
    if (/^update `bulk_runs` set .*`counts`/.test(sql)) proxy.loseNextCommit();
  });
  await bulkStep({ store: shaky, rate: 20, lease: LEASE, now: clock });
}

eachStore('what is done by a process that has lost the run is taken back', async ({ store }) => {
  const clock = clockAt(MORNING + 5 * MINUTE);
  const [view] = await seed(store, { facts: lostMail('m1') });
  await confirmed({ store, clock }, {});
  const lost = await takeBulk(store, { now: clock(), until: clock() + LEASE });
  clock.advance(LEASE);
  const other = await takeBulk(store, { now: clock(), until: clock() + LEASE });
  assert.ok(lost && other);
  const progress = { counts: { ...lost.run.counts, done: 1 }, place: null, phase: 'done', dueAt: 0 } as const;
  const fact = (one: View) => [reopenedFact(one, 'ann', clock())];
  await assert.rejects(
    change(store, [view?.id ?? ''], clock(), fact, (tx) => noteProgressIn(tx, lost, progress, clock())),
    NotOurs,
  );
  assert.deepEqual(await store.db('facts').where({ kind: 'reopened' }).pluck('delivery_id'), []);
  assert.equal((await bulkRun(store, lost.run.id))?.phase, 'running');
});

eachStore('so many a second are changed and no more, also of a message to several', async ({ store }) => {
  const clock = clockAt(MORNING + 5 * MINUTE);
  const recipients = Array.from({ length: 14 }, (_, n) => `p${n}@example.net`);
  await seed(store, { recipients, facts: lostMail('m1') });
  await seed(store, { messageId: 'm2@mg.example.com', recipients: recipients.slice(0, 3), facts: lostMail('m2') });
  await confirmed({ store, clock }, {});
  const steps: number[] = [];
  for (let n = 0; n < 30; n++, clock.advance(SECOND)) {
    const before = await store.db('facts').where({ kind: 'reopened' }).count({ n: '*' }).first();
    await bulkStep({ store, rate: 3, lease: LEASE, now: clock });
    const after = await store.db('facts').where({ kind: 'reopened' }).count({ n: '*' }).first();
    steps.push(Number(after?.['n']) - Number(before?.['n']));
  }
  assert.ok(Math.max(...steps) <= 3, steps.join());
  assert.equal(
    steps.reduce((sum, n) => sum + n),
    17,
  );
});

eachStore('it is done in the name of who said yes', async ({ store }) => {
  const clock = clockAt(MORNING + 5 * MINUTE);
  await seed(store, { facts: lostMail('m1') });
  const id = await beginBulk(store, { action: 'retry', query: 'x', filter: {}, who: 'ann' }, clock());
  await work({ store, clock });
  const run = await bulkRun(store, id);
  assert.ok(run && (await confirmBulk(store, run, { who: 'bob', reason: 'because' }, clock())));
  await work({ store, clock });
  const [body] = await store.db('facts').where({ kind: 'reopened' }).pluck('body');
  assert.equal((JSON.parse(body) as { by: string }).by, 'bob');
  assert.equal((await bulkRun(store, id))?.who, 'bob');
});

eachStore('what was done in the moment in which it was stopped is counted, and no more is done', async ({ store }) => {
  const clock = clockAt(MORNING + 5 * MINUTE);
  await seed(store, { facts: lostMail('m1') });
  const run = await confirmed({ store, clock }, {});
  const taken = await takeBulk(store, { now: clock(), until: clock() + LEASE });
  assert.ok(taken && (await stopBulk(store, run, 'bob', clock())));
  const progress = { counts: { ...taken.run.counts, seen: 1, done: 1 }, place: null, phase: 'done', dueAt: 0 } as const;
  await noteProgress(store, taken, progress, clock());
  clock.advance(2 * LEASE);
  assert.equal(await bulkStep({ store, rate: 20, lease: LEASE, now: clock }), 0);
  const after = await bulkRun(store, run.id);
  assert.deepEqual([after?.phase, after?.counts.done], ['stopped', 1]);
});
