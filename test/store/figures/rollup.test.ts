import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Fact } from '../../../src/core/delivery.ts';
import type { What } from '../../../src/core/figures/counts.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/time.ts';
import type { Store } from '../../../src/store/db/open.ts';
import { foldPending } from '../../../src/store/figures/pending.ts';
import { examples, placesOf } from '../../../src/store/figures/places.ts';
import { readSums } from '../../../src/store/figures/read-sums.ts';
import { ensureBuilt, rebuild } from '../../../src/store/figures/rebuild.ts';
import { change } from '../../../src/store/ledger/ledger.ts';
import { record } from '../../../src/store/messages/messages.ts';
import { setCursor } from '../../../src/store/notes/cursors.ts';
import { pruneMessages } from '../../../src/store/prune.ts';
import { MORNING } from '../../support/clock.ts';
import {
  accepted,
  bounce,
  claimed,
  draft,
  ended,
  failed,
  policy,
  reported,
  seed,
  sent,
  verdict,
} from '../../support/factory.ts';
import { histories } from '../../support/histories.ts';
import { eachStore } from '../../support/stores.ts';

const now = () => MORNING;
const checked = { now, check: true, progress: () => {} };

const DAYS = { from: MORNING - DAY, to: MORNING + DAY };

async function sumOf(store: Store, what: What, value?: string): Promise<number> {
  const rows = await readSums(store, DAYS, [what]);
  return rows.filter((r) => value === undefined || r.value === value).reduce((sum, r) => sum + r.n, 0);
}

/** The facts of a history told in pieces, as a provider tells them. */
async function tell(store: Store, name: string, told: readonly Fact[][], kind: 'access' | 'notice' | 'bulk') {
  const of = draft({ messageId: `${name}@mg.example.com`, class: kind, policy: policy(kind), facts: told[0] ?? [] });
  const { id } = await record(store, { ...of, recipients: ['ann@example.net', `${name}@b.example`] }, MORNING);
  const rows: { id: string }[] = await store.db('deliveries').where({ message_id: id }).select('id');
  const ids = rows.map((r) => r.id);
  for (const facts of told.slice(1)) await change(store, ids, MORNING, () => facts);
}

const told = histories.chain(({ birth, facts }) =>
  fc
    .array(fc.nat(Math.max(0, facts.length)), { maxLength: 3 })
    .map((cuts) => [0, ...cuts, facts.length].sort((a, b) => a - b))
    .map((cuts) => ({
      kind: birth.policy.atEnd === 'expired' ? ('access' as const) : ('notice' as const),
      parts: cuts.slice(1).map((to, i) => facts.slice(cuts[i], to)),
    })),
);

eachStore(
  'after any history the sums are what the facts add up to, and the states sum to the deliveries',
  async (g) => {
    let n = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(told, { minLength: 1, maxLength: 4 }), fc.boolean(), async (all, fold) => {
        for (const { kind, parts } of all) await tell(g.store, `h${n++}`, parts, kind);
        if (fold) await foldPending(g.store, 3);
        const { deliveries, differences } = await rebuild(g.store, checked);
        assert.deepEqual(differences, []);
        assert.equal(await sumOf(g.store, 'deliveries'), deliveries);
        assert.equal(await sumOf(g.store, 'state'), deliveries);
        assert.equal((await sumOf(g.store, 'messages')) * 2, deliveries);
      }),
      { numRuns: 12 },
    );
  },
);

eachStore('two writers and two folders at once lose and double nothing', async (g) => {
  const stores = [g.store, g.open(), g.open()];
  const work = stores.slice(0, 2).map(async (store, w) => {
    for (let i = 0; i < 15; i++) {
      const [view] = await seed(store, { messageId: `w${w}-${i}@mg.example.com` });
      await change(store, [view?.id ?? ''], MORNING, () => [failed(MORNING + MINUTE)]);
      await change(store, [view?.id ?? ''], MORNING, () => [reported('delivered', MORNING + 2 * MINUTE)]);
    }
  });
  const folds = stores.map(async (store) => {
    for (let i = 0; i < 10; i++) await foldPending(store, 4);
  });
  await Promise.all([...work, ...folds]);
  assert.equal(await sumOf(g.store, 'state', 'delivered'), 30);
  assert.equal(await sumOf(g.store, 'state'), 30);
  assert.deepEqual((await rebuild(g.store, checked)).differences, []);
});

eachStore('a delivery that failed and then arrived after all moves from one figure to the other', async (g) => {
  const [view] = await seed(g.store);
  const ids = [view?.id ?? ''];
  await change(g.store, ids, MORNING, () => [failed(MORNING + MINUTE, 'stop')]);
  assert.equal(await sumOf(g.store, 'reason', 'failed recipient_unknown'), 1);
  await foldPending(g.store);
  await change(g.store, ids, MORNING, () => [reported('delivered', MORNING + 3 * MINUTE)]);
  assert.equal(await sumOf(g.store, 'reason'), 0);
  assert.equal(await sumOf(g.store, 'outcome', 'first_try'), 1);
  assert.equal(await sumOf(g.store, 'cause', 'recipient_unknown arrived direct'), 1);
});

eachStore('re-posts are counted by place, cause, attempt and sending IP, and late news moves them', async (g) => {
  const [view] = await seed(g.store, { recipients: ['ann@Outlook.example'] });
  const ids = [view?.id ?? ''];
  const tell = (...facts: Fact[]) => change(g.store, ids, MORNING, () => facts);
  const on = (attempt: number, sendingIp: string) => ({ messageId: `m${attempt}@mg.example.com`, sendingIp });
  const again = (n: number, at: number) => [
    claimed(n, at, { since: at - MINUTE }),
    accepted(n, at, `m${n}@mg.example.com`),
  ];
  const told = async () => {
    while ((await foldPending(g.store)) > 0);
    assert.deepEqual((await rebuild(g.store, checked)).differences, []);
    const [place, ...others] = await placesOf(g.store, DAYS, 10);
    assert.deepEqual([place?.recipientDomain, others.length], ['outlook.example', 0]);
    return (place?.retries ?? []).map((r) => `${r.cause} ${r.attempt} ${r.sendingIp} ${r.result} ${r.n}`).sort();
  };
  await tell(failed(MORNING + MINUTE, 'retry', { sendingIp: '198.51.100.1' }), ...again(2, MORNING + 5 * MINUTE));
  assert.deepEqual(await told(), ['ip_block 2 unknown open 1']);
  await tell(failed(MORNING + 6 * MINUTE, 'retry', on(2, '198.51.100.1')), ...again(3, MORNING + HOUR));
  assert.deepEqual(await told(), ['ip_block 2 same failed 1', 'ip_block 3 unknown open 1']);
  await tell(reported('delivered', MORNING + HOUR + MINUTE, on(3, '198.51.100.2')));
  assert.deepEqual(await told(), ['ip_block 2 same failed 1', 'ip_block 3 changed arrived 1']);
  // Late: the second had arrived after all.
  await tell(reported('delivered', MORNING + 7 * MINUTE, on(2, '198.51.100.1')));
  assert.deepEqual((await told())[0], 'ip_block 2 same arrived 1');
  await g.store.db('rollups').where({ what: 'failing_retry' }).delete();
  assert.ok((await rebuild(g.store, { ...checked, check: false })).differences.length > 0);
  assert.equal((await told())[0], 'ip_block 2 same arrived 1');
});

eachStore('sums that are wrong are found, said and mended, each span for itself', async (g) => {
  await seed(g.store);
  while ((await foldPending(g.store)) > 0);
  await g.store.db('rollups').where({ what: 'deliveries', span: DAY }).update({ n: 7 });
  await g.store.db('rollups').where({ what: 'state', span: HOUR }).delete();
  const found = await rebuild(g.store, checked);
  assert.deepEqual(found.differences.map((d) => [d.span, d.entry.what, d.kept, d.counted]).sort(), [
    [HOUR, 'state', 0, 1],
    [DAY, 'deliveries', 7, 1],
  ]);
  assert.equal((await rebuild(g.store, { ...checked, check: false })).differences.length, 2);
  assert.deepEqual((await rebuild(g.store, checked)).differences, []);
});

eachStore('figures older than the roll-ups are built once', async (g) => {
  await seed(g.store);
  await g.store.db('rollup_pending').delete();
  assert.equal(await sumOf(g.store, 'deliveries'), 0);
  assert.equal(await ensureBuilt(g.store, now), 'built');
  assert.equal(await sumOf(g.store, 'deliveries'), 1);
  assert.equal(await ensureBuilt(g.store, now), 'already');
});

eachStore('of two that count again at once one waits until the other is done, or dead', async (g) => {
  await seed(g.store);
  await g.store.db('cursors').insert({ name: 'rollups_rebuild', value: 'of another', at: MORNING + MINUTE });
  await assert.rejects(rebuild(g.store, checked), { name: 'AppError', code: 'conflict' });
  await g.store
    .db('cursors')
    .where({ name: 'rollups_rebuild' })
    .update({ at: MORNING + 365 * DAY });
  assert.deepEqual((await rebuild(g.store, checked)).differences, [], 'it was taken before the clock was set back');
  const later = { ...checked, now: () => MORNING + MINUTE };
  assert.deepEqual((await rebuild(g.store, later)).differences, []);
});

eachStore('a count that breaks lets the next one begin at once', async (g) => {
  await seed(g.store);
  const progress = () => {
    throw new Error('the disk is gone');
  };
  await assert.rejects(rebuild(g.store, { now, check: true, progress }), /the disk is gone/);
  assert.deepEqual((await rebuild(g.store, checked)).differences, []);
});

eachStore('figures that another version counted otherwise are counted again once', async (g) => {
  await seed(g.store, {
    facts: [...sent(), failed(MORNING + MINUTE, 'retry'), ended(1, MORNING + HOUR, 'cancelled', 'by_application')],
  });
  while ((await foldPending(g.store)) > 0);
  // What was cancelled after a failure counted as lost.
  await g.store.db('rollups').where({ what: 'cause' }).update({ value: 'ip_block lost direct' });
  await setCursor(g.store, 'rollups_built_2', '', MORNING);
  assert.equal(await ensureBuilt(g.store, now), 'built');
  assert.deepEqual(
    [await sumOf(g.store, 'cause', 'ip_block lost direct'), await sumOf(g.store, 'cause', 'ip_block cancelled direct')],
    [0, 1],
  );
  assert.equal(await ensureBuilt(g.store, now), 'already');
});

eachStore('what is pruned stays in the figures and is not counted away', async (g) => {
  const [view] = await seed(g.store);
  await change(g.store, [view?.id ?? ''], MORNING, () => [reported('delivered', MORNING + SECOND)]);
  assert.equal(await pruneMessages(g.store, MORNING + HOUR, 10), 1);
  assert.deepEqual((await rebuild(g.store, { ...checked, check: false })).differences, []);
  assert.equal(await sumOf(g.store, 'state', 'delivered'), 1);
});

eachStore('an adopted message that turns out to be of another class is counted there', async (g) => {
  await seed(g.store, { origin: 'adopted' });
  await seed(g.store, { class: 'access', recipients: ['ann@example.net', 'bob@example.net'] });
  const rows = await readSums(g.store, DAYS, ['deliveries', 'messages']);
  assert.deepEqual(rows.map((r) => [r.class, r.what, r.n]).sort(), [
    ['access', 'deliveries', 2],
    ['access', 'messages', 1],
  ]);
  assert.deepEqual((await rebuild(g.store, checked)).differences, []);
});

eachStore('what a late record opens again is counted as it stands then', async (g) => {
  const watched = { origin: 'adopted' as const, policy: policy('notice', { watch: true }) };
  const views = await seed(g.store, { ...watched, recipients: ['ann@example.net', 'eve@example.net'] });
  const failure = () => [failed(MORNING + MINUTE), ended(1, MORNING + MINUTE, 'failed', 'ip_block')];
  await change(
    g.store,
    views.map((v) => v.id),
    MORNING,
    failure,
  );
  await seed(g.store, { class: 'access' }, MORNING + HOUR);
  assert.equal(await sumOf(g.store, 'state', 'queued'), 1);
  assert.equal(await sumOf(g.store, 'state', 'failed'), 1);
  assert.deepEqual((await rebuild(g.store, checked)).differences, []);
});

eachStore('an example reply names a place and a cause, and never the recipient', async (g) => {
  const message = '5.1.1 <Ann@example.net>: user ANN@example.net (ann) unknown,\r\n see ann=40example.net@srs.example';
  const [view] = await seed(g.store, { subject: 'Your code 1234', facts: sent() });
  const fact = failed(MORNING + MINUTE, 'stop', {
    bounce: bounce({ message: `${message} "Your code 1234"` }),
    verdict: verdict('recipient_unknown', 'give_up_suppress'),
  });
  await change(g.store, [view?.id ?? ''], MORNING, () => [fact]);
  await foldPending(g.store);
  const kept = await examples(g.store, { from: MORNING, to: MORNING + 1 }, ['example.net recipient_unknown']);
  const reply = kept.get('example.net recipient_unknown') ?? '';
  assert.match(reply, /^550 5\.1\.1 <\(address\)>: user \(address\)/);
  assert.doesNotMatch(reply, /ann|1234/i);
});
