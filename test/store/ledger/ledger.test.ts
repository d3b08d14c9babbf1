import assert from 'node:assert/strict';
import type { Fact } from '../../../src/core/delivery.ts';
import { HOUR, MINUTE, SECOND } from '../../../src/core/time.ts';
import type { Store } from '../../../src/store/db/open.ts';
import { change, changeHeld, changeIn } from '../../../src/store/ledger/ledger.ts';
import { load } from '../../../src/store/rows/rows.ts';
import { race } from '../../support/child.ts';
import { at, MORNING } from '../../support/clock.ts';
import {
  claimAny,
  claimed,
  ended,
  failed,
  held,
  reopened,
  reported,
  seed,
  seedMany,
  sent,
} from '../../support/factory.ts';
import { eachStore, onMariaDb } from '../../support/stores.ts';

async function dueRow(store: Store, id: string) {
  const row: { at: number; lease: string | null } | undefined = await store
    .db('due')
    .where({ delivery_id: id })
    .first('at', 'lease');
  return row ?? null;
}
const idsOf = (views: readonly { id: string }[]): string[] => views.map((v) => v.id);

async function one(store: Store, facts: Fact[] = sent()): Promise<string> {
  const [view] = await seed(store, { facts });
  assert.ok(view);
  return view.id;
}

/** The claim that holds a delivery. */
const holder = async (store: Store, id: string): Promise<string | null> =>
  (await store.db('due').where({ delivery_id: id }).first('lease'))?.lease ?? null;

eachStore('a fact is added, the state follows, and the row says so', async ({ store }) => {
  const id = await one(store);
  const [after] = await change(store, [id], at(2), () => [failed(at(1))]);
  assert.equal(after?.delivery.state, 'queued');
  const row = await store.db('deliveries').where({ id }).first();
  assert.deepEqual([row.state, row.reason, row.attempt, row.ended_at], ['queued', 'ip_block', 1, null]);
  assert.deepEqual(await dueRow(store, id), { at: MORNING, lease: null });
});

eachStore('the same fact twice is one, within a change and across changes', async ({ store }) => {
  const id = await one(store);
  const fact = failed(at(1));
  await change(store, [id], at(2), () => [fact, { ...fact }]);
  const [after] = await change(store, [id], at(3), () => [fact]);
  assert.equal(after?.facts.filter((f) => f.kind === 'reported').length, 1);
  assert.equal(await count(store, 'facts'), 3);
});

const count = async (store: Store, table: string): Promise<number> =>
  Number((await store.db(table).count({ n: '*' }).first())?.['n']);

eachStore('a change that says nothing changes nothing', async ({ store }) => {
  const id = await one(store);
  const before = await store.db('deliveries').where({ id }).first();
  await change(store, [id], at(9), () => []);
  assert.deepEqual(await store.db('deliveries').where({ id }).first(), before);
});

eachStore('what is due leaves at the end and comes back with a reopening', async ({ store }) => {
  const id = await one(store);
  assert.ok(await dueRow(store, id));
  await change(store, [id], at(1), () => [ended(1, at(1), 'cancelled', 'superseded')]);
  assert.equal(await dueRow(store, id), null);
  const row = await store.db('deliveries').where({ id }).first();
  assert.deepEqual([row.state, row.ended_at, row.next_at], ['cancelled', at(1), null]);
  await change(store, [id], at(5), () => [reopened(1, at(5), 1, 1)]);
  assert.deepEqual(await dueRow(store, id), { at: at(5), lease: null });
  assert.equal((await store.db('deliveries').where({ id }).first()).ended_at, null);
});

eachStore('the time of the end stays when later facts change the kind of the end', async ({ store }) => {
  const id = await one(store);
  await change(store, [id], at(1), () => [ended(1, at(1), 'expired', 'useful_life_over')]);
  const [after] = await change(store, [id], at(9), () => [reported('delivered', at(8))]);
  assert.equal(after?.delivery.state, 'delivered');
  assert.equal((await store.db('deliveries').where({ id }).first()).ended_at, at(1));
});

eachStore(
  'an abandoned delivery leaves exactly one thing to tell, and one more when it is abandoned again',
  async ({ store }) => {
    const id = await one(store);
    const items = async () => (await store.db('alert_items').orderBy('item_key')).map((r) => r.item_key);
    for (const _ of [1, 2]) await change(store, [id], at(1), () => [ended(1, at(1), 'abandoned', 'storage_gone')]);
    assert.deepEqual(await items(), [`gave_up:${id}:0`]);
    await change(store, [id], at(2), () => [reopened(1, at(2), 1, 1)]);
    await change(store, [id], at(3), () => [ended(1, at(3), 'abandoned', 'storage_gone', 1)]);
    assert.deepEqual(await items(), [`gave_up:${id}:0`, `gave_up:${id}:1`]);
  },
);

eachStore(
  'of two processes that claim the same deliveries at once each is won by exactly one',
  async ({ store, url }) => {
    const ids = idsOf(await seedMany(store, 40, { facts: [] }));
    const args = ['first', 'second'].map((name) => [url, name, ...ids]);
    const won = (await race('claim-child.ts', args)) as string[][];
    assert.deepEqual(won.flat().sort(), [...ids].sort());
    assert.equal(await count(store, 'facts'), 40);
  },
);

eachStore('of ten changes at once through two connections exactly one wins', async ({ store, open }) => {
  const id = await one(store, []);
  const stores = [store, open()];
  const names = Array.from({ length: 10 }, (_, n) => `lease-${n}`);
  const claims = names.map(async (name, n) => {
    const [after] = await change(stores[n % 2] ?? store, [id], at(1), (view) =>
      view.delivery.attempt > 0 ? [] : [claimed(1, at(1), { lease: name })],
    );
    return after?.delivery.attempts[0]?.claim.lease;
  });
  const seen = new Set(await Promise.all(claims));
  assert.equal(seen.size, 1, 'all see the same winner');
  assert.equal(await count(store, 'facts'), 1);
});

eachStore(
  'deliveries changed in batches by two connections in opposite order all change once',
  async ({ store, open }) => {
    const ids = idsOf(await seedMany(store, 30));
    const other = open();
    await Promise.all([
      change(store, ids, at(2), () => [failed(at(1))]),
      change(other, [...ids].reverse(), at(2), () => [failed(at(1))]),
      change(other, ids.slice(10, 20), at(2), () => [reported('opened', at(3), { key: 'reported:opened' })]),
    ]);
    assert.equal(await count(store, 'facts'), 30 * 3 + 10);
  },
);

onMariaDb('whoever changes one delivery does not wait for who changes another', async ({ store, open }) => {
  const [first, second] = idsOf(await seedMany(store, 2));
  assert.ok(first && second);
  const slow = await store.db.transaction();
  try {
    await changeIn(slow, [first], at(2), () => [failed(at(1))]);
    await open().db.transaction((tx) => changeIn(tx, [second], at(2), () => [failed(at(1))]));
  } finally {
    await slow.commit();
  }
  assert.equal(await count(store, 'facts'), 6);
});

eachStore('what is due is claimed once, access mail first', async ({ store, open }) => {
  const classes = ['bulk', 'notice', 'access'] as const;
  for (const kind of classes) await seed(store, { class: kind, messageId: `${kind}@mg.example.com`, facts: [] });
  const order: string[] = [];
  for (const _ of classes) {
    const { ids } = await claimAny(store, at(1), 1, MINUTE);
    const row = await store.db('deliveries').whereIn('id', ids).first('class');
    order.push(row.class);
  }
  assert.deepEqual(order, ['access', 'notice', 'bulk']);
  assert.deepEqual((await claimAny(open(), at(1), 10, MINUTE)).ids, []);
});

eachStore('what is not due is not claimed', async ({ store }) => {
  await seed(store);
  assert.deepEqual((await claimAny(store, at(60), 10, MINUTE)).ids, []);
  assert.equal((await claimAny(store, MORNING + 8 * HOUR, 10, MINUTE)).ids.length, 1);
});

eachStore('many claims at once through two connections share the work without overlap', async ({ store, open }) => {
  const ids = idsOf(await seedMany(store, 60, { facts: [] }));
  const stores = [store, open()];
  const claims = await Promise.all(
    Array.from({ length: 8 }, (_, n) => claimAny(stores[n % 2] ?? store, at(1), 10, MINUTE)),
  );
  const won = claims.flatMap((c) => c.ids);
  assert.equal(new Set(won).size, won.length, 'no delivery is won twice');
  while (won.length < ids.length) {
    const { ids: more } = await claimAny(store, at(1), 10, MINUTE);
    assert.ok(more.length > 0, 'and none is lost');
    won.push(...more);
  }
  assert.deepEqual(won.sort(), [...ids].sort());
});

eachStore('a claim that is not given back comes due again when its lease ends', async ({ store }) => {
  const id = await one(store, []);
  const { lease } = await claimAny(store, at(1), 10, 30 * SECOND);
  assert.equal(await holder(store, id), lease);
  assert.deepEqual((await claimAny(store, at(1) + 29 * SECOND, 10, MINUTE)).ids, []);
  const second = await claimAny(store, at(1) + 30 * SECOND, 10, MINUTE);
  assert.deepEqual(second.ids, [id]);
  assert.notEqual(await holder(store, id), lease);
});

eachStore('who has lost the lease changes nothing', async ({ store }) => {
  const id = await one(store, []);
  const { lease } = await claimAny(store, at(1), 10, SECOND);
  const second = await claimAny(store, at(2), 10, MINUTE);
  let shown = 0;
  const seen = () => {
    shown++;
    return [claimed(1, at(2), { lease })];
  };
  const after = await changeHeld(store, { ids: [id], lease }, at(2), seen);
  assert.deepEqual([after, shown], [[], 0]);
  assert.equal(await count(store, 'facts'), 0);
  assert.equal(await holder(store, id), second.lease);
});

onMariaDb('who loses the lease while waiting for the delivery changes nothing', async ({ store, open }) => {
  const id = await one(store, []);
  const { lease } = await claimAny(store, at(1), 10, SECOND);
  const busy = await open().db.transaction();
  await load(busy, [id], true);
  const claimAnew = async () => {
    const claim = await claimAny(open(), at(2), 10, MINUTE);
    await busy.commit();
    return claim.ids;
  };
  let others: Promise<string[]> = Promise.resolve([]);
  store.db.on('query', ({ sql }: { sql: string }) => {
    // The change waits for the lock now, or will in a moment.
    if (/from `deliveries`.*for update/.test(sql)) others = claimAnew();
  });
  assert.deepEqual(await changeHeld(store, { ids: [id], lease }, at(2), () => [claimed(1, at(2), { lease })]), []);
  assert.deepEqual([await others, await count(store, 'facts')], [[id], 0]);
});

eachStore('a change under a lease gives it back, even when it says nothing', async ({ store }) => {
  const id = await one(store, []);
  const first = await claimAny(store, at(1), 10, MINUTE);
  await changeHeld(store, { ids: [id], lease: first.lease }, at(1), () => []);
  assert.deepEqual(await dueRow(store, id), { at: MORNING, lease: null });
  const second = await claimAny(store, at(1), 10, MINUTE);
  await changeHeld(store, { ids: [id], lease: second.lease }, at(1), () => [
    held(0, at(1), 'failed', at(9)),
    claimed(1, at(1)),
  ]);
  assert.deepEqual(await dueRow(store, id), { at: at(2), lease: null });
});

eachStore('news that comes in under a lease takes it away: who holds it must look again', async ({ store }) => {
  const id = await one(store);
  const { lease } = await claimAny(store, MORNING + 8 * HOUR, 10, MINUTE);
  await change(store, [id], MORNING + 8 * HOUR, () => [failed(at(1))]);
  assert.deepEqual(await changeHeld(store, { ids: [id], lease }, MORNING + 8 * HOUR, () => [claimed(2, at(500))]), []);
});
