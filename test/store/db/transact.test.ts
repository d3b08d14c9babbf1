import assert from 'node:assert/strict';
import { MINUTE } from '../../../src/core/time.ts';
import type { Store } from '../../../src/store/db/open.ts';
import { transact } from '../../../src/store/db/transact.ts';
import { keep } from '../../../src/store/inbox/inbox.ts';
import { change, changeHeld } from '../../../src/store/ledger/ledger.ts';
import { enqueue } from '../../../src/store/messages/enqueue.ts';
import { record } from '../../../src/store/messages/messages.ts';
import { at, MORNING } from '../../support/clock.ts';
import { arrival, claimAny, claimed, draft, failed, queueDraft, seed, viewsOf } from '../../support/factory.ts';
import { lossyStore, refusingStore } from '../../support/lossy-proxy.ts';
import { eachStore, onMariaDb } from '../../support/stores.ts';

const count = async (store: Store, table: string): Promise<number> =>
  Number((await store.db(table).count({ n: '*' }).first())?.['n']);

onMariaDb('a deadlock is retried until both changes are made', async ({ store, open }) => {
  const other = open();
  for (const name of ['a', 'b']) await store.db('cursors').insert({ name, value: '0', at: 0 });
  const gate = meeting(2);
  let tries = 0;
  const add = (s: Store, first: string, second: string) =>
    transact(s, async (tx) => {
      tries++;
      await tx('cursors').where({ name: first }).increment('at', 1);
      await gate();
      await tx('cursors').where({ name: second }).increment('at', 1);
    });
  await Promise.all([add(store, 'a', 'b'), add(other, 'b', 'a')]);
  assert.deepEqual(await store.db('cursors').orderBy('name').select('name', 'at'), [
    { name: 'a', at: 2 },
    { name: 'b', at: 2 },
  ]);
  assert.equal(tries, 3, 'one of them was the victim');
});

onMariaDb('a change whose connection breaks in the middle of it is made again on another', async ({ store, open }) => {
  let tries = 0;
  await transact(store, async (tx) => {
    tries++;
    await tx('cursors').insert({ name: 'a', value: '', at: tries });
    const [[row]] = (await tx.raw('select connection_id() as id')) as [[{ id: number }]];
    // Whether the driver has heard of it by then or not.
    if (tries < 3) await open().db.raw('kill ?', [row.id]);
    if (tries === 2) await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    await tx('cursors').insert({ name: 'b', value: '', at: tries });
  });
  assert.deepEqual(await store.db('cursors').orderBy('name').select('name', 'at'), [
    { name: 'a', at: 3 },
    { name: 'b', at: 3 },
  ]);
});

/** What a server of a cluster would say; the driver has no names for these. */
const said = (errno: number) => Object.assign(new Error('words'), { code: 'UNKNOWN_CODE_PLEASE_REPORT', errno });

eachStore('a change that a cluster has undone is made again as a whole', async ({ store }) => {
  for (const errno of [1047, 1180, 1213, 3101, 8002, 8005, 8022, 8028, 9007]) {
    let tries = 0;
    await transact(store, async (tx) => {
      await tx('cursors').insert({ name: `${errno}`, value: '', at: 0 });
      if (++tries === 1) throw said(errno);
    });
    assert.deepEqual([errno, tries], [errno, 2]);
  }
  assert.equal(await count(store, 'cursors'), 9);
});

onMariaDb(
  'what a failed COMMIT has left open is never committed by the next transaction',
  async ({ t, store, url }) => {
    const refusing = await refusingStore(t, url);
    await refusing.store.db.raw('select 1');
    let tries = 0;
    await transact(refusing.store, async (tx) => {
      tries++;
      await tx('cursors').insert({ name: `try ${tries}`, value: '', at: 0 });
      if (tries === 1) refusing.refuseNextCommit();
    });
    assert.equal(tries, 2);
    await refusing.store.close();
    assert.deepEqual(await store.db('cursors').pluck('name'), ['try 2']);
  },
);

/** Resolves for all once that many have come; whoever comes later passes. */
function meeting(size: number): () => Promise<void> {
  let come = 0;
  let open = () => {};
  const met = new Promise<void>((resolve) => {
    open = resolve;
  });
  return () => {
    come++;
    if (come >= size) open();
    return met;
  };
}

eachStore('an error of the change itself is thrown, once, and nothing of the change stays', async ({ store }) => {
  let tries = 0;
  const broken = transact(store, async (tx) => {
    tries++;
    await tx('cursors').insert({ name: 'a', value: '', at: 0 });
    throw new Error('a fault of our own');
  });
  await assert.rejects(broken, /a fault of our own/);
  assert.deepEqual([tries, await count(store, 'cursors')], [1, 0]);
});

eachStore('changes of many connections at once wait for each other and all are made', async ({ store, open }) => {
  await store.db('cursors').insert({ name: 'a', value: '', at: 0 });
  const stores = [store, open(), open(), open()];
  const add = (s: Store) => transact(s, (tx) => tx('cursors').where({ name: 'a' }).increment('at', 1));
  await Promise.all(Array.from({ length: 40 }, (_, n) => add(stores[n % 4] ?? store)));
  assert.equal((await store.db('cursors').first('at')).at, 40);
});

/** A store whose next COMMIT is done, but whose reply never comes. */
onMariaDb(
  'a message whose COMMIT got no reply is recorded once, and the caller hears of no error',
  async ({ t, store, url }) => {
    const { store: shaky, proxy } = await lossyStore(t, url);
    proxy.loseNextCommit();
    const { id, created } = await record(shaky, draft({ facts: [] }), MORNING);
    assert.equal(created, true, 'it was this call that made it');
    assert.equal((await viewsOf(store, id)).length, 1);
    const queued = queueDraft({ messageId: 'm2@mg.example.com', body: Buffer.alloc(2_000_000, 7) });
    proxy.loseNextCommit();
    const call = { scope: 'token', key: 'k1', fingerprint: 'f' };
    const ids = { id: queued.id, messageId: queued.messageId };
    assert.deepEqual(await enqueue(shaky, queued, call, MORNING), { ...ids, isRepeat: false });
    const later = { ...queued, id: '01LATER0000000000000000000' };
    assert.deepEqual(await enqueue(store, later, call, MORNING), { ...ids, isRepeat: true });
    assert.equal(proxy.lost(), 2);
    assert.deepEqual(
      [await count(store, 'messages'), await count(store, 'deliveries'), await count(store, 'due')],
      [2, 2, 2],
    );
    assert.equal(await count(store, 'message_bodies'), 4);
  },
);

onMariaDb(
  'events whose COMMIT got no reply are kept once, and the caller hears of no error',
  async ({ t, store, url }) => {
    const { store: shaky, proxy } = await lossyStore(t, url);
    // What fits into one statement is committed by it.
    proxy.loseNext(/^insert into `inbox`/i);
    await keep(shaky, [arrival('one'), arrival('two')]);
    assert.deepEqual([proxy.lost(), await count(store, 'inbox')], [1, 2]);
    proxy.loseNextCommit();
    const body = 'x'.repeat(400_000);
    await keep(shaky, [arrival('three', { body }), arrival('four', { body })]);
    assert.deepEqual([proxy.lost(), await count(store, 'inbox')], [2, 4]);
  },
);

onMariaDb(
  'a change whose COMMIT got no reply is made once, and the caller hears of no error',
  async ({ t, store, url }) => {
    const { store: shaky, proxy } = await lossyStore(t, url);
    const [view] = await seed(store);
    assert.ok(view);
    proxy.loseNextCommit();
    const [after] = await change(shaky, [view.id], at(2), () => [failed(at(1))]);
    assert.deepEqual([proxy.lost(), after?.delivery.state], [1, 'queued']);
    assert.equal(await count(store, 'facts'), 3);
  },
);

onMariaDb(
  'who claims under a lease learns of its claim though what was committed got no reply',
  async ({ t, store, url }) => {
    const { store: shaky, proxy } = await lossyStore(t, url);
    const [view] = await seed(store, { facts: [] });
    assert.ok(view);
    // It is one statement, and its own transaction.
    proxy.loseNext(/^update `due`/i);
    const { lease, ids } = await claimAny(shaky, at(1), 10, MINUTE);
    assert.deepEqual(ids, [view.id]);
    proxy.loseNextCommit();
    const claim = () => [claimed(1, at(1), { lease })];
    const views = await changeHeld(shaky, { ids, lease }, at(1), (v) => (v.delivery.attempt === 0 ? claim() : []));
    assert.equal(proxy.lost(), 2);
    assert.deepEqual(
      views.map((v) => v.delivery.attempts[0]?.claim.lease),
      [lease],
    );
  },
);
