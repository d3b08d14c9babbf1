import assert from 'node:assert/strict';
import { handle } from '../../../src/base/ids.ts';
import type { Sighting } from '../../../src/core/sighting.ts';
import { MINUTE, type Ms, SECOND } from '../../../src/core/time.ts';
import type { Store } from '../../../src/store/db/open.ts';
import { keep, knownEvents, lastWebhookAt, settle, takePending } from '../../../src/store/inbox/inbox.ts';
import { addHandles, match } from '../../../src/store/inbox/match.ts';
import { aboutOf, newsKeys, unreadNews } from '../../../src/store/inbox/news.ts';
import { rememberDomains } from '../../../src/store/messages/domains.ts';
import type { View } from '../../../src/store/rows/rows.ts';
import { at, MORNING } from '../../support/clock.ts';
import { arrival, STORAGE, seed, sighting } from '../../support/factory.ts';
import { eachStore, onMariaDb, onSqlite } from '../../support/stores.ts';

const count = async (store: Store): Promise<number> =>
  Number((await store.db('inbox').count({ n: '*' }).first())?.['n']);
const DOMAIN = 'mg.example.com';
const take = (store: Store, now: Ms, limit: number, lease: Ms) => takePending(store, 'events', { now, limit, lease });
const matched = (store: Store, sightings: readonly Sighting[]) =>
  match(
    store,
    sightings.map((one) => ({ provider: 'mailgun', sighting: one })),
  );

eachStore('an event is kept as it came, and a repeat is left out', async ({ store }) => {
  const body = '{"subject":"Grüße 🧾 \\"x\\" \\\\ \'y\'","line":"a\\nb"}';
  await keep(store, [arrival('one', { body }), arrival('two'), arrival('one', { body: 'a repeat' })]);
  await keep(store, [arrival('one', { body: 'a repeat' })]);
  const rows = await take(store, at(1), 10, MINUTE);
  assert.deepEqual(rows.map((r) => r.body).sort(), ['{"name":"two"}', body]);
});

eachStore('the same event through several connections at once is kept once', async ({ store, open }) => {
  const stores = [store, open(), open()];
  const batch = Array.from({ length: 50 }, (_, n) => arrival(`event-${n}`));
  await Promise.all(stores.map((s, n) => keep(s, n % 2 ? batch : [...batch].reverse())));
  assert.equal(await count(store), 50);
});

eachStore('two hundred events and bodies of a megabyte are kept at once', async ({ store }) => {
  const small = Array.from({ length: 200 }, (_, n) => arrival(`small-${n}`));
  const big = ['"'.repeat(1_000_000), '漢'.repeat(350_000), 'x'.repeat(1_048_576)];
  await keep(store, [...small, ...big.map((body, n) => arrival(`big-${n}`, { body, receivedAt: at(1) }))]);
  const rows = await take(store, at(2), 300, MINUTE);
  assert.equal(rows.length, 203);
  assert.ok(big.every((body) => rows.some((r) => r.body === body)));
});

onMariaDb('events are taken oldest first, each by one taker, until the lease ends', async ({ store, open }) => {
  const names = Array.from({ length: 60 }, (_, n) => `event-${n}`);
  await keep(
    store,
    names.map((name, n) => arrival(name, { receivedAt: MORNING + n })),
  );
  const other = open();
  const taken = await Promise.all([
    take(store, at(1), 30, 30 * SECOND),
    take(other, at(1), 30, 30 * SECOND),
    take(store, at(1), 30, 30 * SECOND),
  ]);
  const won = taken.flat().map((r) => r.event_key);
  assert.equal(new Set(won).size, won.length, 'none is taken twice');
  const rest: (string | null)[] = [];
  for (let more = await take(other, at(1), 30, 30 * SECOND); more.length > 0; ) {
    rest.push(...more.map((r) => r.event_key));
    more = await take(other, at(1), 30, 30 * SECOND);
  }
  assert.deepEqual([...won, ...rest].sort(), [...names].sort(), 'none is lost');
  const again = await take(store, at(1) + 30 * SECOND, 100, MINUTE);
  assert.deepEqual(
    again.map((r) => r.event_key),
    names,
    'what was not settled comes back, in order',
  );
});

eachStore('what is settled is not taken again, what waits comes back at its time', async ({ store }) => {
  await keep(
    store,
    ['done', 'waits', 'tried', 'poison', 'nobody'].map((name) => arrival(name)),
  );
  const rows = await take(store, at(1), 10, MINUTE);
  const idOf = (name: string) => rows.find((r) => r.event_key === name)?.id ?? '';
  await settle(store, rows[0]?.lease ?? null, [
    { id: idOf('done'), outcome: 'done' },
    { id: idOf('waits'), outcome: 'waiting', tries: 1, dueAt: at(5) },
    { id: idOf('tried'), outcome: 'retry', tries: 1, dueAt: at(6), error: 'a fault' },
    { id: idOf('poison'), outcome: 'set_aside', tries: 3, dueAt: at(1), error: 'a fault' },
    { id: idOf('nobody'), outcome: 'unmatched', tries: 3, dueAt: at(1), error: 'unknown' },
  ]);
  assert.deepEqual(await take(store, at(4), 10, MINUTE), []);
  assert.deepEqual(
    (await take(store, at(5), 10, MINUTE)).map((r) => r.event_key),
    ['waits'],
  );
  const [tried] = await take(store, at(6) - 1 + 1, 10, MINUTE).then((all) =>
    all.filter((r) => r.event_key === 'tried'),
  );
  assert.equal(tried?.tries, 1);
  const poison = await store.db('inbox').where({ event_key: 'poison' }).first();
  assert.deepEqual([poison.pending, poison.outcome, poison.error, poison.lease], [0, 'set_aside', 'a fault', null]);
});

onMariaDb('who held a row for too long has no say in it any more, unless it was done', async ({ store }) => {
  await keep(store, [arrival('slow')]);
  const [slow] = await take(store, at(1), 10, MINUTE);
  const [next] = await take(store, at(3), 10, MINUTE);
  assert.ok(slow && next);
  const row = async () => {
    const { pending, outcome, lease } = await store.db('inbox').first('pending', 'outcome', 'lease');
    return [pending, outcome, lease];
  };
  const aside = { outcome: 'set_aside', tries: 3, dueAt: at(3), error: 'a fault' } as const;
  await settle(store, slow.lease, [{ id: slow.id, ...aside }]);
  assert.deepEqual(await row(), [1, 'new', next.lease]);
  await settle(store, slow.lease, [{ id: slow.id, outcome: 'done' }]);
  await settle(store, next.lease, [{ id: next.id, ...aside }]);
  assert.deepEqual(await row(), [0, 'done', null]);
});

onSqlite(
  'events of a file are read oldest first, until they are settled, and what is done stays done',
  async ({ store }) => {
    const names = Array.from({ length: 60 }, (_, n) => `event-${n}`);
    await keep(
      store,
      names.map((name, n) => arrival(name, { receivedAt: MORNING + n })),
    );
    const [first, second] = await Promise.all([take(store, at(1), 40, MINUTE), take(store, at(1), 40, MINUTE)]);
    assert.deepEqual(
      [first, second].map((rows) => rows.map((r) => r.event_key)),
      [names.slice(0, 40), names.slice(0, 40)],
    );
    const [row] = first;
    assert.ok(row);
    await settle(
      store,
      row.lease,
      first.map(({ id }) => ({ id, outcome: 'done' })),
    );
    await settle(store, row.lease, [{ id: row.id, outcome: 'set_aside', tries: 3, dueAt: at(1), error: 'a fault' }]);
    assert.equal((await store.db('inbox').where({ id: row.id }).first('outcome')).outcome, 'done');
    assert.deepEqual(
      (await take(store, at(1), 40, MINUTE)).map((r) => r.event_key),
      names.slice(40),
    );
  },
);

eachStore(
  'an event that nobody has looked at is news for those whom it is about, and for nobody else',
  async ({ store }) => {
    const [ann] = await seed(store);
    const [bob] = await seed(store, { messageId: 'm2@mg.example.com', recipients: ['bob@example.net'] });
    assert.ok(ann && bob);
    const isNews = async (view: View) => (await unreadNews(store, newsKeys(view))).size > 0;
    assert.equal(await isNews(ann), false);
    const named = [
      { recipient: ' ANN@Example.net' },
      { recipient: null, homingId: ann.messageId },
      { recipient: 'somebody@else.test', handedOver: { deliveryId: ann.id, attempt: 1 } },
      { recipient: null, messageId: ann.rfcMessageId },
    ];
    for (const [n, over] of named.entries()) {
      await keep(store, [arrival(`event-${n}`, { about: aboutOf(sighting(over)) })]);
      assert.deepEqual([await isNews(ann), await isNews(bob)], [true, false], JSON.stringify(over));
      const [row, ...others] = await takePending(
        store,
        { about: newsKeys(ann) },
        { now: at(1), limit: 10, lease: MINUTE },
      );
      assert.deepEqual([row?.event_key, others.length], [`event-${n}`, 0]);
      assert.equal(await isNews(ann), true, 'to be taken is not to be understood');
      await settle(store, row?.lease ?? null, [
        { id: row?.id ?? '', outcome: n === 0 ? 'waiting' : 'done', tries: 1, dueAt: at(5) },
      ]);
      assert.equal(await isNews(ann), false);
    }
  },
);

eachStore('a mail is kept as it came, whatever bytes it has', async ({ store }) => {
  const every = Buffer.from(Array.from({ length: 255 }, (_, n) => n + 1)).toString('latin1');
  const bodies = [every, '€ 😀 Grüße\r\n.\r\n', '\' \\ " % _ ` ; --'];
  await keep(
    store,
    bodies.map((body, n) => arrival(`bytes-${n}`, { body, contentType: 'message/rfc822; charset=iso-8859-1' })),
  );
  const rows: { body: string }[] = await store.db('inbox').orderBy('event_key').select('body');
  assert.deepEqual(
    rows.map(({ body }) => body),
    bodies,
  );
});

eachStore('what was kept before it was noted whom it is about may be about anybody', async ({ store }) => {
  const [ann] = await seed(store);
  assert.ok(ann);
  await keep(store, [arrival('of an earlier version', { about: '?' }), arrival('about nobody')]);
  assert.equal((await unreadNews(store, newsKeys(ann))).size, 1);
});

eachStore('what applications tell is no event, and waits for none', async ({ store }) => {
  await keep(store, [arrival('told', { source: 'told', provider: '' }), arrival('event')]);
  const events = await takePending(store, 'events', { now: at(1), limit: 10, lease: MINUTE });
  const told = await takePending(store, 'told', { now: at(1), limit: 10, lease: MINUTE });
  assert.deepEqual(
    [events, told].map((rows) => rows.map((r) => r.event_key)),
    [['event'], ['told']],
  );
});

eachStore('known events and the last webhook are told', async ({ store }) => {
  assert.equal(await lastWebhookAt(store), null);
  await keep(store, [arrival('one'), arrival('two', { source: 'poll', receivedAt: at(5) })]);
  assert.equal(await lastWebhookAt(store), MORNING);
  const many = Array.from({ length: 500 }, (_, n) => `event-${n}`);
  assert.deepEqual(await knownEvents(store, ['one', 'two', ...many]), new Set(['one', 'two']));
});

/** A message with two recipients, and the names under which a provider may speak of it. */
async function known(store: Store) {
  const [ann, bob] = await seed(store, { recipients: ['ann@example.net', 'bob@example.net'] });
  assert.ok(ann && bob);
  const byName = new Map([ann, bob].map((v) => [v.recipient, v]));
  await addHandles(store, [
    { hash: handle('mailgun', 'reply', DOMAIN, 'reply@mg.example.com'), message_id: ann.messageId },
    { hash: handle('mailgun', 'storage', DOMAIN, STORAGE.key), message_id: ann.messageId },
  ]);
  return { messageId: ann.messageId, ann: byName.get('ann@example.net')?.id, bob: byName.get('bob@example.net')?.id };
}

eachStore(
  'an event finds its delivery by our own id, Message-Id, the id of a reply, or the storage key',
  async ({ store }) => {
    const { messageId, ann, bob } = await known(store);
    const names = [
      { homingId: messageId },
      { messageId: 'm1@mg.example.com' },
      { messageId: 'reply@mg.example.com' },
      { storage: STORAGE },
      { homingId: messageId, domain: null },
    ];
    const all = [
      ...names.map((name) => sighting(name)),
      ...names.map((name) => sighting({ ...name, recipient: ' BOB@Example.net' })),
    ];
    const found = await matched(store, all);
    const wanted = [ann, bob].flatMap((deliveryId) =>
      names.map(() => ({ kind: 'deliveries', ids: [deliveryId], messageId })),
    );
    assert.deepEqual(found, wanted);
  },
);

eachStore('an event that names the hand-over is about its delivery, whoever else it speaks of', async ({ store }) => {
  const { messageId, ann, bob } = await known(store);
  const named = (deliveryId = '') =>
    sighting({ recipient: 'forwarded@there.example', domain: null, handedOver: { deliveryId, attempt: 1 } });
  const found = await matched(store, [named(bob), sighting({ homingId: messageId }), named('01NEVER'), named(ann)]);
  const of = (id: string | undefined) => ({ kind: 'deliveries', ids: [id], messageId });
  assert.deepEqual(found, [of(bob), of(ann), { kind: 'none' }, of(ann)]);
  assert.deepEqual(await matched(store, [named(ann)]), [of(ann)]);
});

eachStore('an event about somebody whom the message was not sent to is a stranger', async ({ store }) => {
  const { messageId } = await known(store);
  const names = [{ homingId: messageId }, { messageId: 'm1@mg.example.com' }, { storage: STORAGE }];
  const found = await matched(
    store,
    names.map((name) => sighting({ ...name, recipient: 'eve@example.net' })),
  );
  assert.deepEqual(
    found,
    names.map(() => ({ kind: 'stranger' })),
  );
});

eachStore(
  'an event of another domain, of no known name, or without a recipient is about nothing of ours',
  async ({ store }) => {
    const { messageId } = await known(store);
    const found = await matched(store, [
      sighting({ homingId: messageId, domain: 'other.example.com' }),
      sighting({ messageId: 'M1@mg.example.com' }),
      sighting({ messageId: 'reply@mg.example.com', domain: 'other.example.com' }),
      sighting({ storage: { ...STORAGE, key: 'KEY1' } }),
      sighting({ homingId: messageId, recipient: null }),
      sighting(),
    ]);
    assert.deepEqual(
      found,
      found.map(() => ({ kind: 'none' })),
    );
  },
);

eachStore('a recipient that an adopted message lacks may be added to it', async ({ store }) => {
  const [view] = await seed(store, { origin: 'adopted' });
  const found = await matched(store, [sighting({ messageId: 'm1@mg.example.com', recipient: 'eve@example.net' })]);
  assert.deepEqual(found, [{ kind: 'adopted', messageId: view?.messageId }]);
});

eachStore('a name that one provider gave to a message says nothing to another', async ({ store }) => {
  const { messageId, ann } = await known(store);
  const told = sighting({ messageId: 'reply@mg.example.com' });
  const found = await match(store, [
    { provider: 'mailgun', sighting: told },
    { provider: 'another', sighting: told },
  ]);
  assert.deepEqual(found, [{ kind: 'deliveries', ids: [ann], messageId }, { kind: 'none' }]);
});

eachStore('an event that does not say of which domain it is finds its message among our domains', async ({ store }) => {
  const { messageId, ann } = await known(store);
  await rememberDomains(store, ['other.example.com', DOMAIN]);
  const older = { domain: null, storage: null };
  const found = await matched(store, [
    sighting({ ...older, messageId: 'm1@mg.example.com' }),
    sighting({ ...older, messageId: 'reply@mg.example.com' }),
    sighting({ ...older, messageId: 'm1@other.example.com' }),
  ]);
  const mine = { kind: 'deliveries', ids: [ann], messageId };
  assert.deepEqual(found, [mine, mine, { kind: 'none' }]);
});

eachStore(
  'a rejected that names no recipient is about all of its message, and no other event is',
  async ({ store }) => {
    const { messageId, ann, bob } = await known(store);
    const named = { messageId: 'm1@mg.example.com', recipient: null };
    const [rejected, other] = await matched(store, [
      sighting({ ...named, report: 'rejected' }),
      sighting({ ...named, report: 'failed' }),
    ]);
    assert.deepEqual(rejected, { kind: 'deliveries', ids: [ann, bob].sort(), messageId });
    assert.deepEqual(other, { kind: 'none' });
  },
);

eachStore('an event about a member is about the list that the message was sent to', async ({ store }) => {
  const { messageId, ann } = await known(store);
  const member = { messageId: 'm1@mg.example.com', recipient: 'member@there.example' };
  const found = await matched(store, [
    sighting({ ...member, list: 'Ann@example.net' }),
    sighting({ ...member, list: 'other@example.net' }),
  ]);
  assert.deepEqual(found, [{ kind: 'deliveries', ids: [ann], messageId }, { kind: 'stranger' }]);
});

eachStore('a name that several messages bear finds the one that was sent to the recipient', async ({ store }) => {
  const [first] = await seed(store, { messageId: 'a' });
  const [second] = await seed(store, { messageId: 'b', recipients: ['bob@example.net'] });
  assert.ok(first && second);
  const hash = handle('mailgun', 'reply', DOMAIN, 'shared@mg.example.com');
  for (const _ of [1, 2])
    await addHandles(
      store,
      [first, second].map((v) => ({ hash, message_id: v.messageId })),
    );
  const found = await matched(store, [sighting({ messageId: 'shared@mg.example.com', recipient: 'bob@example.net' })]);
  assert.deepEqual(found, [{ kind: 'deliveries', ids: [second.id], messageId: second.messageId }]);
});
