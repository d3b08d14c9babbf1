import assert from 'node:assert/strict';
import type { Store } from '../../../src/store/db/open.ts';
import { change } from '../../../src/store/ledger/ledger.ts';
import { sealedBody, withBodies } from '../../../src/store/messages/bodies.ts';
import { cancelByKey } from '../../../src/store/messages/cancel.ts';
import { enqueue } from '../../../src/store/messages/enqueue.ts';
import { findMessage, messagesByKey } from '../../../src/store/messages/find.ts';
import { record } from '../../../src/store/messages/messages.ts';
import { recordMany } from '../../../src/store/messages/record-many.ts';
import { at, MORNING } from '../../support/clock.ts';
import {
  draft,
  ended,
  policy,
  queueDraft,
  reopened,
  reported,
  seed,
  seedQueued,
  sent,
  viewsOf,
} from '../../support/factory.ts';
import { eachStore } from '../../support/stores.ts';

const count = async (store: Store, table: string): Promise<number> =>
  Number((await store.db(table).count({ n: '*' }).first())?.['n']);

/** Facts of deliveries that are in no table: what a lost race would leave. */
async function orphans(store: Store): Promise<number> {
  const known = store.db('deliveries').select('id');
  return Number((await store.db('facts').whereNotIn('delivery_id', known).count({ n: '*' }).first())?.['n']);
}

eachStore('a message is recorded with a delivery for each recipient, due when they say', async ({ store }) => {
  const recipients = ['ann@example.net', 'bob@example.net', 'ANN@example.net'];
  const { id, created } = await record(store, draft({ recipients }), MORNING);
  assert.equal(created, true);
  const views = await viewsOf(store, id);
  assert.deepEqual(views.map((v) => v.recipient).sort(), ['ann@example.net', 'bob@example.net']);
  assert.deepEqual(
    views.map((v) => v.delivery.state),
    ['accepted', 'accepted'],
  );
  assert.equal(await count(store, 'due'), 2);
});

eachStore('recording the same message again changes nothing', async ({ store }) => {
  const first = await record(store, draft(), MORNING);
  const again = await record(store, draft(), at(1));
  assert.deepEqual(again, { id: first.id, created: false });
  assert.deepEqual(
    [await count(store, 'messages'), await count(store, 'deliveries'), await count(store, 'facts')],
    [1, 1, 2],
  );
});

eachStore('recording again under an id of our own changes nothing either', async ({ store }) => {
  const mine = draft({ id: '01AAAAAAAAAAAAAAAAAAAAAAAA' });
  assert.equal((await record(store, mine, MORNING)).created, true);
  assert.equal((await record(store, mine, at(1))).created, false);
});

eachStore('an id that belongs to another message names no second one', async ({ store }) => {
  await seed(store, { id: '01AAAAAAAAAAAAAAAAAAAAAAAA' });
  const other = draft({ id: '01AAAAAAAAAAAAAAAAAAAAAAAA', messageId: 'm2@mg.example.com' });
  await assert.rejects(record(store, other, at(1)), { code: 'conflict' });
  const refused = await recordMany(store, [other], at(1));
  assert.equal(refused.get(other)?.code, 'conflict');
  assert.equal(await count(store, 'messages'), 1);
});

eachStore('recording again adds the recipients and the facts that were missing', async ({ store }) => {
  const { id } = await record(store, draft({ facts: sent().slice(0, 1) }), MORNING);
  await record(store, draft({ recipients: ['ann@example.net', 'bob@example.net'] }), at(1));
  const views = await viewsOf(store, id);
  assert.deepEqual(views.map((v) => [v.recipient, v.delivery.state]).sort(), [
    ['ann@example.net', 'accepted'],
    ['bob@example.net', 'accepted'],
  ]);
});

eachStore('a message to a thousand recipients is recorded at once', async ({ store }) => {
  const recipients = Array.from({ length: 1000 }, (_, n) => `person-${n}@example.net`);
  await record(store, draft({ recipients, key: 'all' }), MORNING);
  assert.deepEqual([await count(store, 'deliveries'), await count(store, 'due')], [1000, 1000]);
  await record(store, draft({ recipients, key: 'all' }), at(1));
  assert.equal((await cancelByKey(store, 'all', 'superseded', at(2))).cancelled, 1000);
  assert.equal(await count(store, 'due'), 0);
});

eachStore('a message that many record at once is there once', async ({ store, open }) => {
  const stores = [store, open(), open(), open()];
  const recorded = await Promise.all(
    Array.from({ length: 12 }, (_, n) => record(stores[n % 4] ?? store, draft(), MORNING)),
  );
  assert.equal(new Set(recorded.map((r) => r.id)).size, 1);
  assert.equal(recorded.filter((r) => r.created).length, 1);
  assert.deepEqual([await count(store, 'deliveries'), await count(store, 'facts'), await orphans(store)], [1, 2, 0]);
});

eachStore(
  'a recipient that many add at once to a known message is there once, with its facts',
  async ({ store, open }) => {
    const stores = [store, open(), open(), open()];
    for (let round = 0; round < 10; round++) {
      const recipients = [`new-${round}@example.net`];
      await record(store, draft({ messageId: `round-${round}`, recipients: ['ann@example.net'] }), MORNING);
      await Promise.all(stores.map((s) => record(s, draft({ messageId: `round-${round}`, recipients }), at(1))));
    }
    assert.deepEqual(
      [await count(store, 'deliveries'), await count(store, 'facts'), await orphans(store)],
      [20, 40, 0],
    );
  },
);

eachStore('a later record claims a message that was adopted from its events', async ({ store }) => {
  const adopted = draft({ origin: 'adopted', from: '', subject: null, policy: policy('notice', { watch: true }) });
  const { id } = await record(store, adopted, MORNING);
  const mine = await record(store, draft({ class: 'access', key: 'reset:1' }), at(1));
  assert.deepEqual(mine, { id, created: false });
  const [view] = await viewsOf(store, id);
  assert.deepEqual(
    [view?.origin, view?.class, view?.key, view?.subject],
    ['recorded', 'access', 'reset:1', 'Your receipt'],
  );
  assert.equal(view?.birth.policy.watch, false);
  const due = await store.db('due').first();
  assert.deepEqual([due.priority, due.at], [0, view?.delivery.nextAt], 'and is due as its class says');
  const row = await store.db('deliveries').first();
  assert.equal(row.next_at, view?.delivery.nextAt);
});

eachStore('an adopted message does not take the place of a recorded one', async ({ store }) => {
  await record(store, draft(), MORNING);
  const { id } = await record(store, draft({ origin: 'adopted', subject: null }), at(1));
  const [view] = await viewsOf(store, id);
  assert.deepEqual([view?.origin, view?.subject], ['recorded', 'Your receipt']);
});

eachStore('a newer message with the same key ends what is open of the older ones', async ({ store }) => {
  const key = 'reset:42';
  const keyed = (n: number, over = {}) =>
    seed(store, { messageId: `${n}`, key, createdAt: at(n), facts: [], ...over }, at(n));
  const [first] = await keyed(1);
  const [arrived] = await keyed(2, {
    recipients: ['bob@example.net'],
    facts: [...sent(at(2)), reported('delivered', at(2))],
  });
  const [other] = await keyed(3, { domain: 'other.example.com' });
  const [latest] = await keyed(4);
  const states = async () => {
    const rows: { id: string; state: string; reason: string }[] = await store
      .db('deliveries')
      .select('id', 'state', 'reason');
    return new Map(rows.map((r) => [r.id, `${r.state} ${r.reason}`]));
  };
  const is = await states();
  assert.equal(is.get(first?.id ?? ''), 'cancelled superseded');
  assert.equal(is.get(arrived?.id ?? ''), 'delivered null');
  assert.equal(is.get(other?.id ?? ''), 'queued null', 'keys are per domain');
  assert.equal(is.get(latest?.id ?? ''), 'queued null');
  assert.equal((await messagesByKey(store, key)).length, 4);
});

/** That many messages under one key, the older ones of which were opened again. */
async function reopenedMessages(store: Store, n: number, key: string): Promise<void> {
  const ids: string[] = [];
  for (let i = 0; i < n; i++) {
    const views = await seed(store, { messageId: `${i}`, key, createdAt: at(i), facts: [] }, at(i));
    ids.push(...views.map((v) => v.id));
  }
  await change(store, ids, at(n), ({ delivery }) => (delivery.state === 'cancelled' ? [reopened(0, at(n), 1, 1)] : []));
}

const states = async (store: Store): Promise<Record<string, number>> => {
  const rows: { state: string; n: number }[] = await store
    .db('deliveries')
    .groupBy('state')
    .select('state')
    .count({ n: '*' });
  return Object.fromEntries(rows.map((r) => [r.state, Number(r.n)]));
};

eachStore('all that is open under a key ends, however many messages and deliveries that are', async ({ store }) => {
  await reopenedMessages(store, 120, 'reset:42');
  const recipients = Array.from({ length: 450 }, (_, n) => `p${n}@example.net`);
  const late = await seed(
    store,
    { messageId: 'list', key: 'reset:42', createdAt: at(-1), facts: [], recipients },
    at(-1),
  );
  const ids = late.map((v) => v.id);
  await change(store, ids, at(199), () => [reopened(1, at(199), 1, 1)]);
  assert.equal((await messagesByKey(store, 'reset:42')).length, 121);
  assert.equal((await cancelByKey(store, 'reset:42', 'by_application', at(200))).cancelled, 570);
  assert.deepEqual(await states(store), { cancelled: 570 });
  assert.equal((await cancelByKey(store, 'reset:42', 'by_application', at(201))).cancelled, 0);
});

eachStore('a newer message ends all older ones with its key, however many there are', async ({ store }) => {
  await reopenedMessages(store, 30, 'reset:42');
  assert.deepEqual(await states(store), { queued: 30 });
  await seed(store, { messageId: 'new', key: 'reset:42', createdAt: at(99), facts: [] }, at(99));
  assert.deepEqual(await states(store), { cancelled: 30, queued: 1 });
});

eachStore('a message with more recipients than fit into one answer takes further ones', async ({ store }) => {
  const recipients = Array.from({ length: 5100 }, (_, n) => `p${n}@example.net`);
  const { id } = await record(store, draft({ recipients, facts: [], origin: 'adopted' }), MORNING);
  const mine = draft({ recipients: [...recipients.slice(-10), 'ann@example.net'], facts: [], class: 'access' });
  assert.equal((await record(store, mine, at(1))).id, id);
  assert.equal((await findMessage(store, id))?.views.length, 5101);
  assert.deepEqual(await store.db('deliveries').whereNot({ class: 'access' }), []);
});

eachStore('of two messages with one key the older one ends, whichever is recorded first', async ({ store }) => {
  await seed(store, { messageId: '2', key: 'reset:42', createdAt: at(2), facts: [] }, at(2));
  await seed(store, { messageId: '1', key: 'reset:42', createdAt: at(1), facts: [] }, at(3));
  const rows = await store.db('deliveries').orderBy('message_at').select('state', 'reason');
  assert.deepEqual(rows, [
    { state: 'cancelled', reason: 'superseded' },
    { state: 'queued', reason: null },
  ]);
});

eachStore(
  'mail in the queue does not yield to a message of another machine whose clock is ahead',
  async ({ store }) => {
    await seed(store, { messageId: '2', key: 'reset:42', createdAt: at(2), facts: [] }, at(2));
    const [queued] = await seedQueued(store, { messageId: '1', key: 'reset:42', createdAt: at(1) }, at(1));
    assert.equal(queued?.delivery.state, 'queued');
  },
);

eachStore('subjects and addresses are kept in every script, with emoji', async ({ store }) => {
  const subject = 'Rechnung für Zoë 🧾👩‍👩‍👧 — 請求書 \u{1F98A}';
  const [view] = await seed(store, { subject, recipients: ['zoë@exämple.net'] });
  assert.deepEqual([view?.subject, view?.recipient], [subject, 'zoë@exämple.net']);
});

eachStore('ids that differ in case or accents are different messages', async ({ store }) => {
  const ids = ['AbC@mg.example.com', 'abc@mg.example.com', 'ÁbC@mg.example.com'];
  const recorded = new Set<string>();
  for (const messageId of ids) recorded.add((await record(store, draft({ messageId }), MORNING)).id);
  assert.equal(recorded.size, 3);
});

eachStore('a body of many megabytes is kept and read back in pieces', async ({ store }) => {
  const body = Buffer.alloc(25 * 1024 * 1024);
  for (let i = 0; i < body.length; i += 997) body[i] = i % 251;
  const { id } = await enqueue(store, queueDraft({ body }), null, MORNING);
  assert.ok(body.equals((await sealedBody(store, id)) ?? Buffer.alloc(0)));
  assert.deepEqual(await withBodies(store, [id, 'no-such']), new Set([id]));
  const biggest = await store
    .db('message_bodies')
    .max({ n: store.db.raw('length(body)') })
    .first();
  assert.ok(Number(biggest?.['n']) <= 512 * 1024);
});

eachStore('a body is kept until the last of its deliveries has ended', async ({ store }) => {
  const recipients = ['ann@example.net', 'bob@example.net'];
  const [ann, bob] = await seedQueued(store, { recipients });
  assert.ok(ann && bob);
  await change(store, [ann.id], at(1), () => [ended(0, at(1), 'cancelled', 'superseded')]);
  assert.ok(await sealedBody(store, ann.messageId));
  await change(store, [bob.id], at(1), () => [ended(0, at(1), 'cancelled', 'superseded')]);
  assert.equal(await sealedBody(store, ann.messageId), null);
});

eachStore('messages are found by id, by the id of a delivery, and by Message-Id', async ({ store }) => {
  const [view] = await seed(store);
  assert.ok(view);
  await store.db('domains').insert({ domain: 'mg.example.com', schedule: 'auto' });
  for (const name of [view.messageId, view.id, 'm1@mg.example.com', '<m1@mg.example.com>'])
    assert.equal((await findMessage(store, name))?.message.id, view.messageId, name);
  assert.equal(await findMessage(store, 'nobody@mg.example.com'), null);
});
