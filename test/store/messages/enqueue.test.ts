import assert from 'node:assert/strict';
import { newId } from '../../../src/base/ids.ts';
import type { Store } from '../../../src/store/db/open.ts';
import { match } from '../../../src/store/inbox/match.ts';
import { change } from '../../../src/store/ledger/ledger.ts';
import { sealedBody } from '../../../src/store/messages/bodies.ts';
import type { Call } from '../../../src/store/messages/calls.ts';
import { enqueue, enqueueTogether } from '../../../src/store/messages/enqueue.ts';
import { findMessage } from '../../../src/store/messages/find.ts';
import { messageRow, record } from '../../../src/store/messages/messages.ts';
import { recordMany } from '../../../src/store/messages/record-many.ts';
import { MORNING } from '../../support/clock.ts';
import { draft, ended, queueDraft, seed, seedQueued, sighting, viewsOf } from '../../support/factory.ts';
import { eachStore, type TestStore } from '../../support/stores.ts';

const count = async (store: Store, table: string): Promise<number> =>
  Number((await store.db(table).count({ n: '*' }).first())?.['n']);

const recipientsOf = async (store: Store): Promise<string[]> => {
  const rows: { recipient: string }[] = await store.db('deliveries').select('recipient').orderBy('recipient');
  return rows.map((r) => r.recipient);
};

const call = (key: string, fingerprint = 'same'): Call => ({ scope: 'token', key, fingerprint });

/** A mail of its own under a name that many choose. */
const mailTo = (person: string) => {
  const id = newId(MORNING);
  return queueDraft({ id, recipients: [`${person}@example.net`], body: Buffer.from(`the mail of ${person}`) });
};

const bodyOf = async (store: Store, id: string): Promise<string> => String(await sealedBody(store, id));

eachStore('a Message-Id that is in use makes a message of its own, with its own content', async ({ store }) => {
  const [ann] = await seedQueued(store);
  assert.ok(ann);
  for (const key of [null, call('k1'), call('k2')]) {
    const { id } = await enqueue(store, mailTo('bee'), key, MORNING);
    assert.deepEqual(
      (await viewsOf(store, id)).map((v) => v.recipient),
      ['bee@example.net'],
    );
    assert.equal(await bodyOf(store, id), 'the mail of bee');
  }
  assert.deepEqual(
    (await viewsOf(store, ann.messageId)).map((v) => v.recipient),
    ['ann@example.net'],
  );
  assert.deepEqual([await count(store, 'messages'), await count(store, 'calls')], [4, 2]);
});

const atOnce = (keyOf: (n: number) => Call | null) => async (given: TestStore) => {
  const stores = [given.store, given.open(), given.open()];
  const mails = Array.from({ length: 25 }, (_, n) => mailTo(`person-${n}`));
  const made = await Promise.all(
    mails.map((mail, n) => enqueue(stores[n % 3] ?? given.store, mail, keyOf(n), MORNING)),
  );
  for (const { id } of made) {
    const [recipient, ...others] = (await viewsOf(given.store, id)).map((v) => v.recipient);
    assert.deepEqual(others, []);
    assert.equal(await bodyOf(given.store, id), `the mail of ${recipient?.split('@')[0]}`);
  }
  return new Set(made.map(({ id }) => id)).size;
};

eachStore('of many who choose one Message-Id at once, each one is sent his own mail', async (given) => {
  assert.equal(await atOnce(() => null)(given), 25);
});

eachStore('so it is with calls that have a key each', async (given) => {
  assert.equal(await atOnce((n) => call(`k${n}`))(given), 25);
});

eachStore('a call that counts until its mail has ended is made anew then, and once', async ({ store }) => {
  const again: Call = { ...call('k1'), untilEnded: true };
  const first = await enqueue(store, mailTo('ann'), again, MORNING);
  assert.deepEqual(await enqueue(store, mailTo('ann'), again, MORNING), { ...first, isRepeat: true });
  const ids = (await viewsOf(store, first.id)).map((v) => v.id);
  await change(store, ids, MORNING, () => [ended(0, MORNING, 'cancelled', 'by_application')]);
  const second = await enqueue(store, mailTo('ann'), again, MORNING);
  assert.notEqual(second.id, first.id);
  assert.deepEqual(await enqueue(store, mailTo('ann'), again, MORNING), { ...second, isRepeat: true });
});

eachStore('the same call many times at once makes one message, and each gets its ids', async (given) => {
  assert.equal(await atOnce(() => call('k1'))(given), 1);
});

eachStore(
  'calls of many names that ask for the same at once make one message, and each name stands for it',
  async (given) => {
    const named = (n: number): Call => ({ ...call(`k${n}`), alike: { ...call('asked for'), untilEnded: true } });
    assert.equal(await atOnce(named)(given), 1);
    assert.equal(await atOnce((n) => call(`k${n}`))(given), 1);
    assert.equal(await count(given.store, 'calls'), 26);
  },
);

eachStore('calls that ask for the same in one commit make one message', async ({ store }) => {
  const named = (n: number): Call => ({ ...call(`k${n}`), alike: { ...call('asked for'), untilEnded: true } });
  const all = [0, 1, 2].map((n) => ({ draft: mailTo(`person-${n}`), call: named(n), now: MORNING }));
  const made = await enqueueTogether(store, all);
  assert.deepEqual([new Set(made.map(({ id }) => id)).size, await count(store, 'messages')], [1, 1]);
});

eachStore('of many messages that are made at once with one key of the application one stays', async (given) => {
  const stores = [given.store, given.open(), given.open()];
  const mails = Array.from({ length: 25 }, (_, n) => ({
    ...mailTo(`person-${n}`),
    key: 'reset',
    createdAt: MORNING - n,
  }));
  await Promise.all(mails.map((mail, n) => enqueue(stores[n % 3] ?? given.store, mail, null, MORNING)));
  const open = await given.store.db('deliveries').whereNull('ended_at').select('state');
  assert.deepEqual(open, [{ state: 'queued' }]);
});

eachStore('a call with the key of another is refused, and the first one stays', async ({ store }) => {
  const first = await enqueue(store, mailTo('ann'), call('k1'), MORNING);
  const other = { ...mailTo('bob'), messageId: 'm2@mg.example.com' };
  await assert.rejects(enqueue(store, other, call('k1', 'else'), MORNING), { code: 'mismatch' });
  assert.deepEqual(await enqueue(store, mailTo('ann'), call('k1'), MORNING), { ...first, isRepeat: true });
  assert.deepEqual(await recipientsOf(store), ['ann@example.net']);
});

eachStore('what comes in one commit is as if it had come one after the other', async ({ store }) => {
  const untilEnded = { ...call('k2'), untilEnded: true };
  const keyed = (person: string) => ({ ...mailTo(person), key: 'reset:1' });
  const [ann, bob, cay, dan, eve] = ['ann', 'bob', 'cay', 'dan', 'eve'].map(mailTo);
  assert.ok(ann && bob && cay && dan && eve);
  const large = { ...mailTo('large'), body: Buffer.alloc(1_300_000, 'large') };
  const [older, newer] = [keyed('old'), keyed('new')];
  const all = [
    { draft: ann, call: call('k1') },
    { draft: bob, call: call('k1') },
    { draft: older, call: null },
    { draft: cay, call: untilEnded },
    { draft: large, call: null },
    { draft: newer, call: null },
    { draft: dan, call: untilEnded },
    { draft: eve, call: null },
  ].map((one) => ({ ...one, now: MORNING }));
  const made = await enqueueTogether(store, all);
  const repeats = new Map([
    [1, ann.id],
    [6, cay.id],
  ]);
  assert.deepEqual(
    made.map(({ id, isRepeat }) => [id, isRepeat]),
    all.map(({ draft }, n) => [repeats.get(n) ?? draft.id, repeats.has(n)]),
  );
  const people = ['ann', 'cay', 'eve', 'large', 'new', 'old'];
  assert.deepEqual(
    await recipientsOf(store),
    people.map((person) => `${person}@example.net`),
  );
  assert.equal(await bodyOf(store, ann.id), 'the mail of ann');
  assert.equal(await bodyOf(store, large.id), String(large.body));
  const states = await Promise.all([older, newer].map(({ id }) => viewsOf(store, id)));
  assert.deepEqual(
    states.flat().map(({ delivery }) => delivery.state),
    ['cancelled', 'queued'],
  );
  // As after a COMMIT whose reply was lost.
  assert.deepEqual(await enqueueTogether(store, all), made);
  assert.equal(await count(store, 'deliveries'), people.length);
});

eachStore('a call that counts until its mail has ended sees what is replaced before it', async ({ store }) => {
  const again = { ...call('k1'), untilEnded: true };
  const keyed = (person: string) => ({ ...mailTo(person), key: 'login:1' });
  await enqueue(store, keyed('ann'), again, MORNING);
  const all = [
    { draft: mailTo('bob'), call: null },
    { draft: keyed('cay'), call: null },
    { draft: keyed('ann'), call: again },
  ].map((one) => ({ ...one, now: MORNING }));
  const made = await enqueueTogether(store, all);
  assert.deepEqual(
    made.map(({ isRepeat }) => isRepeat),
    [false, false, false],
  );
  const open: { recipient: string }[] = await store.db('deliveries').whereNull('ended_at').orderBy('recipient');
  assert.deepEqual(
    open.map(({ recipient }) => recipient),
    ['ann@example.net', 'bob@example.net'],
  );
});

eachStore('a try whose COMMIT is under way is waited for by the next one', async ({ store, open }) => {
  // SQLite has one writer at a time anyway.
  if (store.kind === 'sqlite') return;
  const mine = { ...mailTo('ann'), key: 'reset:1' };
  const first = await open().db.transaction();
  await first('messages').insert(messageRow(mine.id, mine));
  const second = enqueue(store, mine, null, MORNING);
  const waits = "show global status like 'Innodb_row_lock_current_waits'";
  for (let count = 0; count === 0; ) {
    const [[row]] = await store.db.raw(waits);
    count = Number(row.Value);
  }
  await first.commit();
  assert.deepEqual(await second, { id: mine.id, messageId: mine.messageId, isRepeat: false });
});

eachStore('messages to many are written whole, whatever parts they are written in', async ({ store }) => {
  const many = (name: string, n: number) => ({
    ...mailTo(name),
    recipients: Array.from({ length: n }, (_, i) => `${name}${i}@example.net`),
  });
  const drafts = [many('a', 150), many('b', 450), many('c', 1), many('d', 0), many('e', 200)];
  await enqueueTogether(
    store,
    drafts.map((draft) => ({ draft, call: null, now: MORNING })),
  );
  const people = drafts.flatMap(({ recipients }) => recipients).sort();
  assert.deepEqual(await recipientsOf(store), people);
});

eachStore('when one of a commit is refused, none of it is written', async ({ store }) => {
  await enqueue(store, mailTo('ann'), call('k1'), MORNING);
  const all = [
    { draft: mailTo('bob'), call: null, now: MORNING },
    { draft: mailTo('cay'), call: call('k1', 'else'), now: MORNING },
  ];
  await assert.rejects(enqueueTogether(store, all), { code: 'mismatch' });
  assert.deepEqual(await recipientsOf(store), ['ann@example.net']);
});

eachStore('a call that was kept without its message makes it now', async ({ store }) => {
  const mine = mailTo('ann');
  await enqueue(store, mailTo('bob'), call('k1'), MORNING);
  await store.db('calls').update({ message_id: '01NEVERMADE000000000000000' });
  await store.db('messages').update({ record_key: 'another' });
  const made = { id: mine.id, messageId: mine.messageId };
  assert.deepEqual(await enqueue(store, mine, call('k1'), MORNING), { ...made, isRepeat: false });
  assert.deepEqual(await enqueue(store, mailTo('ann'), call('k1'), MORNING), { ...made, isRepeat: true });
});

eachStore('whoever tells of a Message-Id that the queue has, tells of his own mail', async ({ store }) => {
  const [ann] = await seedQueued(store);
  assert.ok(ann);
  const telling = draft({ recipients: ['stranger@example.net', 'ann@example.net'] });
  const { id } = await record(store, telling, MORNING);
  const refused = await recordMany(store, [telling, draft({ messageId: 'm2@mg.example.com' })], MORNING);
  assert.equal(refused.size, 0);
  assert.notEqual(id, ann.messageId);
  assert.deepEqual(
    (await viewsOf(store, ann.messageId)).map((v) => [v.recipient, v.delivery.state]),
    [['ann@example.net', 'queued']],
  );
});

eachStore('what events alone tell of a message in the queue adds nothing to it', async ({ store }) => {
  const [ann] = await seedQueued(store);
  const adopted = draft({ origin: 'adopted', recipients: ['stranger@example.net'] });
  const { created } = await record(store, adopted, MORNING);
  await recordMany(store, [adopted], MORNING);
  assert.deepEqual([created, ann?.recipient], [false, 'ann@example.net']);
  assert.deepEqual(await recipientsOf(store), ['ann@example.net']);
});

eachStore('a message that others send keeps no other one out of the queue', async ({ store }) => {
  const [theirs] = await seed(store);
  const { id } = await enqueue(store, mailTo('stranger'), null, MORNING);
  assert.notEqual(id, theirs?.messageId);
  assert.equal(await bodyOf(store, id), 'the mail of stranger');
});

eachStore(
  'events find their mail among those of one Message-Id, by our variable or the recipient',
  async ({ store }) => {
    const made = [];
    for (const person of ['ann', 'bee', 'ann']) made.push(await enqueue(store, mailTo(person), null, MORNING));
    const event = (person: string, homingId: string | null) => ({
      provider: 'mailgun',
      sighting: sighting({ recipient: `${person}@example.net`, messageId: 'm1@mg.example.com', homingId }),
    });
    const [, bee, last] = made;
    const found = await match(store, [
      event('ann', last?.id ?? null),
      event('bee', null),
      event('bee', last?.id ?? null),
    ]);
    assert.deepEqual(
      found.map((f) => ('messageId' in f ? f.messageId : f.kind)),
      [last?.id, bee?.id, 'stranger'],
    );
  },
);

eachStore('of several messages with one Message-Id people are shown the newest', async ({ store }) => {
  await enqueue(store, mailTo('ann'), null, MORNING);
  const { id } = await enqueue(store, mailTo('bee'), null, MORNING);
  assert.equal((await findMessage(store, '<m1@mg.example.com>'))?.message.id, id);
});
