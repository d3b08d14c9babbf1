import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, type Ms, SECOND } from '../../src/core/time.ts';
import { erase } from '../../src/operate/erase.ts';
import { indexedSince, indexTerms } from '../../src/operate/index-terms.ts';
import { prune } from '../../src/operate/prune.ts';
import type { Store } from '../../src/store/db/open.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { recordMany } from '../../src/store/messages/record-many.ts';
import { clockAt, MORNING, type SetClock } from '../support/clock.ts';
import { claimed, draft, ended, failed, HOW, seed, seedQueued, sent } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

/** Does what the job does until there is nothing left. */
async function indexAll(store: Store, now: SetClock): Promise<number> {
  let read = 0;
  for (let more = 1; more > 0; read += more) more = await indexTerms({ store, now });
  return read;
}

const termsOf = async (store: Store, id: string): Promise<string[]> =>
  (
    await store.db('search_terms').where({ message_id: id }).orWhere({ delivery_id: id }).orderBy('term').pluck('term')
  ).filter((term: string) => !/^w:(?:your|receipt)$/.test(term));

const made = (messageId: string, at: Ms, more = {}) => ({ messageId, createdAt: at, facts: sent(at), ...more });

eachStore(
  'mail gets its terms a few seconds after it came, and what happens to it later is added',
  async ({ store }) => {
    const clock = clockAt();
    await indexAll(store, clock);
    clock.advance(MINUTE);
    const [view] = await seed(store, made('a', clock(), { tags: ['reset'], subject: 'Your password' }), clock());
    const [waiting] = await seedQueued(store, { createdAt: clock(), subject: 'Your invitation' }, clock());
    assert.ok(view && waiting);
    await indexAll(store, clock);
    assert.deepEqual(await termsOf(store, view.messageId), [], 'others may be writing still');
    clock.advance(5 * SECOND);
    await indexAll(store, clock);
    assert.deepEqual(await termsOf(store, view.messageId), ['t:reset', 'w:password']);
    assert.deepEqual(await termsOf(store, waiting.messageId), ['w:invitation'], 'nothing has happened to it yet');

    await change(store, [view.id], clock(), () => [failed(clock())]);
    await change(store, [view.id], clock(), () => [claimed(2, clock(), { ...HOW.fallback })]);
    clock.advance(MINUTE);
    await indexAll(store, clock);
    assert.deepEqual(await termsOf(store, view.id), ['c:ip_block', 'p:smtp.example:25']);
  },
);

eachStore(
  'mail that is told of late is found, and so is what was committed after the first look',
  async ({ store }) => {
    const clock = clockAt();
    await indexAll(store, clock);
    clock.advance(2 * HOUR);
    const [late] = await seed(store, made('late', MORNING - DAY, { subject: 'Your parcel' }), clock());
    clock.advance(MINUTE);
    await seed(store, made('marks the place', clock()), clock());
    clock.advance(MINUTE);
    await indexAll(store, clock);
    const [slow] = await seed(store, made('slow', clock() - MINUTE, { subject: 'Your ticket' }), clock() - MINUTE);
    assert.ok(late && slow);
    await indexAll(store, clock);
    assert.deepEqual(await termsOf(store, late.messageId), ['w:parcel']);
    clock.advance(20 * MINUTE);
    await indexAll(store, clock);
    assert.deepEqual(await termsOf(store, slow.messageId), ['w:ticket']);
  },
);

eachStore(
  'what was there before is done in the background, the newest first, and says how far it is',
  async ({ store }) => {
    const clock = clockAt();
    const drafts = Array.from({ length: 250 }, (_, n) =>
      draft(made(`old-${n}`, MORNING - n * MINUTE, { subject: `Your offer of spring` })),
    );
    await recordMany(store, drafts, MORNING);
    const [oldest] = (await store.db('messages').orderBy('created_at').limit(1).pluck('id')) as [string];
    const [delivery] = await store.db('deliveries').where({ message_id: oldest }).pluck('id');
    await change(store, [delivery], MORNING, () => [failed(MORNING - 1, 'stop')]);
    clock.advance(HOUR);
    assert.equal(await indexedSince(store), 'none');
    await indexTerms({ store, now: clock });
    assert.equal(await indexedSince(store), MORNING - 99 * MINUTE);
    assert.deepEqual(await termsOf(store, oldest), []);
    await indexAll(store, clock);
    assert.equal(await indexedSince(store), 'all');
    assert.deepEqual(await termsOf(store, oldest), ['c:recipient_unknown', 'w:of', 'w:offer', 'w:spring']);
    const before = await store.db('search_terms').select();
    await store.db('cursors').where('name', 'like', 'search:%').delete();
    await indexAll(store, clock);
    assert.equal((await store.db('search_terms').select()).length, before.length, 'doing it again changes nothing');
  },
);

eachStore('the terms of new mail and how far they came take one commit for many mails', async ({ store }) => {
  const clock = clockAt();
  await indexAll(store, clock);
  clock.advance(MINUTE);
  const drafts = Array.from({ length: 100 }, (_, n) => draft(made(`new-${n}`, clock(), { subject: 'Your ticket' })));
  await recordMany(store, drafts, clock());
  clock.advance(MINUTE);
  let commits = 0;
  store.db.on('query', ({ sql }: { sql: string }) => {
    if (/^commit/i.test(sql)) commits++;
  });
  assert.equal(await indexTerms({ store, now: clock }), 300, 'each mail, and two facts about it');
  assert.equal(commits, 2);
});

eachStore('terms go with the person whom they are about, and with the mail that is too old', async ({ store }) => {
  const clock = clockAt();
  const gone = [ended(1, MORNING, 'failed' as const, 'mailbox_full' as const)];
  await seed(store, made('anna', MORNING, { recipients: ['anna@example.com'], subject: 'Dear Anna Smith' }));
  const [both] = await seed(
    store,
    made('both', MORNING, { recipients: ['anna@example.com', 'bob@example.com'], tags: ['to:anna@example.com'] }),
  );
  const [old] = await seed(store, made('old', MORNING, { facts: [...sent(), ...gone], subject: 'Your old mail' }));
  assert.ok(both && old);
  await indexAll(store, clock);
  clock.advance(MINUTE);
  await indexAll(store, clock);
  assert.deepEqual(await termsOf(store, both.messageId), ['t:to:anna@example.com']);
  await erase('anna@example.com', { store, who: 'ops', now: clock });
  const left = JSON.stringify([await store.db('search_terms').select(), await store.db('search_owners').select()]);
  assert.doesNotMatch(left, /anna|smith/i);
  assert.deepEqual(await termsOf(store, both.messageId), ['t:to:(erased)']);
  assert.deepEqual(await termsOf(store, old.id), ['c:mailbox_full']);
  clock.advance(91 * DAY);
  assert.ok((await prune({ store, retentionDays: 90, now: clock })) > 0);
  assert.deepEqual([await termsOf(store, old.messageId), await termsOf(store, old.id)], [[], []]);
  assert.deepEqual(await store.db('search_owners').whereIn('id', [old.id, old.messageId]), []);
});
