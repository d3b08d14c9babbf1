import assert from 'node:assert/strict';
import { newId } from '../../../src/base/ids.ts';
import type { Store } from '../../../src/store/db/open.ts';
import { sealedBody } from '../../../src/store/messages/bodies.ts';
import type { Call } from '../../../src/store/messages/calls.ts';
import { enqueue, record } from '../../../src/store/messages/messages.ts';
import { recordMany } from '../../../src/store/messages/record-many.ts';
import { MORNING } from '../../support/clock.ts';
import { draft, queueDraft, seed, seedQueued, viewsOf } from '../../support/factory.ts';
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

eachStore('a name that is taken stays with its message, however often the call is made', async ({ store }) => {
  await seedQueued(store);
  for (const key of [null, call('k1'), call('k1'), call('k1')])
    await assert.rejects(enqueue(store, mailTo('stranger'), key, MORNING), { code: 'conflict' });
  assert.deepEqual(await recipientsOf(store), ['ann@example.net']);
  assert.deepEqual([await count(store, 'messages'), await count(store, 'calls')], [1, 0]);
});

const atOnce = (keyOf: (n: number) => Call | null) => async (given: TestStore) => {
  const stores = [given.store, given.open(), given.open()];
  const mails = Array.from({ length: 25 }, (_, n) => mailTo(`person-${n}`));
  const answers = await Promise.allSettled(
    mails.map((mail, n) => enqueue(stores[n % 3] ?? given.store, mail, keyOf(n), MORNING)),
  );
  const made = answers.flatMap((a) => (a.status === 'fulfilled' ? [a.value.id] : []));
  assert.equal(new Set(made).size, 1);
  const [id = ''] = made;
  const winner = mails.find((mail) => mail.id === id);
  assert.deepEqual(await recipientsOf(given.store), winner?.recipients);
  assert.equal(String(await sealedBody(given.store, id)), String(winner?.body));
  return { answers, made };
};

eachStore('of many who choose one Message-Id at once, one gets it and nobody gets its mail', async (given) => {
  const { made } = await atOnce(() => null)(given);
  assert.equal(made.length, 1);
});

eachStore('so it is with calls that have a key each', async (given) => {
  const { made } = await atOnce((n) => call(`k${n}`))(given);
  assert.equal(made.length, 1);
  assert.equal(await count(given.store, 'calls'), 1);
});

eachStore('the same call many times at once makes one message, and each gets its ids', async (given) => {
  const { made } = await atOnce(() => call('k1'))(given);
  assert.equal(made.length, 25);
});

eachStore('a call with the key of another is refused, and the first one stays', async ({ store }) => {
  const first = await enqueue(store, mailTo('ann'), call('k1'), MORNING);
  const other = { ...mailTo('bob'), messageId: 'm2@mg.example.com' };
  await assert.rejects(enqueue(store, other, call('k1', 'else'), MORNING), { code: 'mismatch' });
  assert.deepEqual(await enqueue(store, mailTo('ann'), call('k1'), MORNING), first);
  assert.deepEqual(await recipientsOf(store), ['ann@example.net']);
});

eachStore('a call that was kept without its message makes it now', async ({ store }) => {
  const mine = mailTo('ann');
  await enqueue(store, mailTo('bob'), call('k1'), MORNING);
  await store.db('calls').update({ message_id: '01NEVERMADE000000000000000' });
  await store.db('messages').update({ record_key: 'another' });
  const made = { id: mine.id, messageId: mine.messageId };
  assert.deepEqual(await enqueue(store, mine, call('k1'), MORNING), made);
  assert.deepEqual(await enqueue(store, mailTo('ann'), call('k1'), MORNING), made);
});

eachStore('nobody can tell of a message in the queue, and so be sent it', async ({ store }) => {
  const [ann] = await seedQueued(store);
  assert.ok(ann);
  const telling = draft({ recipients: ['stranger@example.net', 'ann@example.net'] });
  await assert.rejects(record(store, telling, MORNING), { code: 'conflict' });
  const keyed = { ...telling, key: 'reset:42' };
  const fine = draft({ messageId: 'm2@mg.example.com' });
  const refused = await recordMany(store, [telling, fine, keyed], MORNING);
  assert.deepEqual([...refused.keys()], [telling, keyed]);
  assert.deepEqual(
    (await viewsOf(store, ann.messageId)).map((v) => [v.recipient, v.delivery.state]),
    [['ann@example.net', 'queued']],
  );
});

eachStore('what events alone tell of a message in the queue adds nothing to it', async ({ store }) => {
  const [ann] = await seedQueued(store);
  const { created } = await record(store, draft({ origin: 'adopted', recipients: ['stranger@example.net'] }), MORNING);
  assert.deepEqual([created, ann?.recipient], [false, 'ann@example.net']);
  assert.deepEqual(await recipientsOf(store), ['ann@example.net']);
});

eachStore('a message that others send can not be queued under the same name', async ({ store }) => {
  await seed(store);
  await assert.rejects(enqueue(store, mailTo('stranger'), null, MORNING), { code: 'conflict' });
});
