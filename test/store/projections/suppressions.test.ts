import assert from 'node:assert/strict';
import type { Fact } from '../../../src/core/delivery.ts';
import { DAY, HOUR } from '../../../src/core/time.ts';
import type { Store } from '../../../src/store/db/open.ts';
import { change } from '../../../src/store/ledger/ledger.ts';
import { addSuppression, listSuppressions, removeSuppression } from '../../../src/store/projections/suppressions.ts';
import { senderFaults } from '../../../src/store/projections/verdicts.ts';
import { load, type SuppressionRow } from '../../../src/store/rows/rows.ts';
import { at } from '../../support/clock.ts';
import { failed, reported, seed, seedMany, verdict } from '../../support/factory.ts';
import { eachStore } from '../../support/stores.ts';

const dead = (minute: number) => failed(at(minute), 'stop', { suppress: 'recipient_unknown' });
const complaint = (minute: number): Fact => reported('complained', at(minute), { suppress: 'complained' });

const all = async (store: Store): Promise<SuppressionRow[]> => (await listSuppressions(store, { limit: 100 })).rows;
const told = (store: Store, id: string, ...facts: Fact[]) => change(store, [id], at(60), () => facts);

eachStore('a reply that suppresses and its fact are written together, or neither', async ({ store }) => {
  const [view] = await seed(store, { recipients: ['Ann@Example.net'] });
  assert.ok(view);
  await told(store, view.id, dead(1));
  const [row, ...more] = await all(store);
  assert.equal(more.length, 0);
  assert.deepEqual(row && { ...row, created_at: Number(row.created_at) }, {
    address_key: 'ann@example.net',
    cause: 'recipient_unknown',
    reply: '550 5.7.1 blocked',
    delivery_id: view.id,
    created_at: at(1),
  });
  assert.equal((await load(store.db, [view.id])).get(view.id)?.suppressed?.cause, 'recipient_unknown');
});

eachStore('a suppression is not kept without its fact', async ({ store }) => {
  const [view] = await seed(store);
  assert.ok(view);
  const twin = { ...complaint(2), key: '' };
  Object.defineProperty(twin, 'key', { get: () => null, enumerable: true });
  await assert.rejects(told(store, view.id, dead(1), twin));
  assert.deepEqual(await all(store), []);
});

eachStore('the reply that put an address there stays; a complaint is the stronger word', async ({ store }) => {
  const [first, second] = await seedMany(store, 2);
  assert.ok(first && second);
  await told(store, first.id, dead(1));
  await told(store, second.id, dead(9));
  assert.equal((await all(store))[0]?.delivery_id, first.id);
  await told(store, second.id, complaint(20));
  assert.deepEqual(
    (await all(store)).map((r) => r.cause),
    ['complained'],
  );
});

eachStore(
  'a complaint stays when its recipient unsubscribes as well, in whatever order they come',
  async ({ store }) => {
    const [first, second] = await seedMany(store, 2);
    assert.ok(first && second);
    const unsubscribed = (minute: number): Fact => reported('unsubscribed', at(minute), { suppress: 'unsubscribed' });
    const causes = async () => (await all(store)).map((row) => row.cause);
    await told(store, first.id, unsubscribed(1));
    assert.deepEqual(await causes(), ['unsubscribed']);
    await told(store, first.id, complaint(2));
    assert.deepEqual(await causes(), ['complained']);
    await told(store, second.id, unsubscribed(3));
    assert.deepEqual(await causes(), ['complained']);
  },
);

eachStore('an unsubscription bars all mail but what gives access', async ({ store }) => {
  const barred = [];
  for (const kind of ['access', 'notice', 'bulk'] as const) {
    const [view] = await seed(store, { class: kind, messageId: `${kind}@mg.example.com` });
    assert.ok(view);
    await told(store, view.id, reported('unsubscribed', at(1), { suppress: 'unsubscribed' }));
    barred.push((await load(store.db, [view.id])).get(view.id)?.suppressed?.cause ?? null);
  }
  assert.deepEqual(barred, [null, 'unsubscribed', 'unsubscribed']);
});

eachStore('mail that arrives afterwards takes its own entry off, and no other', async ({ store }) => {
  const [first, second] = await seedMany(store, 2);
  assert.ok(first && second);
  await told(store, first.id, dead(1));
  await told(store, second.id, reported('delivered', at(5)));
  assert.equal((await all(store)).length, 1);
  await told(store, first.id, reported('delivered', at(5)));
  assert.deepEqual(await all(store), []);
});

eachStore('what an operator removed stays removed, whatever is heard of the same reply', async ({ store }) => {
  const [view] = await seed(store);
  assert.ok(view);
  await told(store, view.id, dead(1));
  const removed = await removeSuppression(store, ' ANN@example.net', 'test', at(2));
  assert.equal(removed?.cause, 'recipient_unknown');
  assert.equal(await removeSuppression(store, 'ann@example.net', 'test', at(2)), null);
  await told(store, view.id, dead(1), reported('other', at(3)));
  assert.deepEqual(await all(store), []);
  await told(store, view.id, dead(30));
  assert.equal((await all(store)).length, 1, 'a new reply is a new reason');
  assert.equal((await store.db('audit').where({ what: 'suppression_remove' })).length, 1);
});

eachStore('an operator adds an address once, and the list is read page by page', async ({ store }) => {
  for (const name of ['c', 'a', 'b'])
    assert.ok(await addSuppression(store, { address: `${name}@x.test`, who: 'test', reason: 'asked' }, at(1)));
  assert.equal(await addSuppression(store, { address: 'A@x.test', who: 'test', reason: null }, at(2)), false);
  const first = await listSuppressions(store, { limit: 2 });
  assert.deepEqual(
    first.rows.map((r) => r.address_key),
    ['a@x.test', 'b@x.test'],
  );
  const rest = await listSuppressions(store, { limit: 2, after: first.next ?? '' });
  assert.deepEqual([rest.rows.map((r) => r.address_key), rest.next], [['c@x.test'], null]);
  const one = await listSuppressions(store, { limit: 2, address: 'B@x.test' });
  assert.deepEqual(
    one.rows.map((r) => [r.cause, r.reply]),
    [['operator', 'asked']],
  );
});

eachStore(
  'what the sender has to mend is known by domain and cause, for as long as it is asked for',
  async ({ store }) => {
    const [view] = await seed(store);
    assert.ok(view);
    const spf = failed(at(1), 'stop', { verdict: verdict('sender_auth', 'fix_sender') });
    await change(store, [view.id], at(2), () => [spf]);
    const faultOf = await senderFaults(store, [view.domain], at(2) - HOUR);
    assert.equal(faultOf(view.domain, 'sender_auth'), at(2));
    assert.equal(faultOf(view.domain, 'message_too_big'), null);
    assert.equal(faultOf('other.example.com', 'sender_auth'), null);
    const later = await senderFaults(store, [view.domain], at(2) + DAY);
    assert.equal(later(view.domain, 'sender_auth'), null);
  },
);
