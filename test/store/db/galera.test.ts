// What a cluster of three real nodes does with changes from all of them, and what a store does when a node goes away.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Fact } from '../../../src/core/delivery.ts';
import { MINUTE } from '../../../src/core/time.ts';
import { type Galera, type GaleraNode, withoutGalera } from '../../../src/lab/servers/galera.ts';
import { databaseProblems } from '../../../src/store/db/health.ts';
import { MigrationUnderWay, migrate, pendingMigrations, unlock } from '../../../src/store/db/migrate.ts';
import { openStore, type Store } from '../../../src/store/db/open.ts';
import { again, transact } from '../../../src/store/db/transact.ts';
import { isDatabaseTrouble } from '../../../src/store/db/trouble.ts';
import { change } from '../../../src/store/ledger/ledger.ts';
import { auditWithin } from '../../../src/store/notes/audit.ts';
import { at } from '../../support/clock.ts';
import { claimAny, seed } from '../../support/factory.ts';
import { databaseOf, emptyDatabaseOf, galera } from '../../support/galera.ts';

const skip = withoutGalera() ?? false;

type Given = { t: TestContext; cluster: Galera; name: string; on(node: number): Store; all(first?: number): Store };

function onGalera(title: string, check: (given: Given) => Promise<void>): void {
  test(`${title} (Galera)`, { skip }, async (t) => {
    const cluster = await galera();
    const name = await databaseOf(cluster);
    const open = (url: string) => {
      const store = openStore(url);
      t.after(store.close);
      return store;
    };
    await check({
      ...{ t, cluster, name },
      on: (node) => open(cluster.nodes[node]?.url(name) ?? ''),
      all: (first = 0) => open(cluster.url(name, first)),
    });
  });
}

const nodeOf = (cluster: Galera, store: Store): GaleraNode => {
  const node = cluster.nodes.find(({ port }) => port === store.server()?.port);
  assert.ok(node);
  return node;
};

onGalera('changes of the same row from all nodes are all made, each once', async ({ on }) => {
  const stores = [on(0), on(1), on(2)];
  await stores[0]?.db('cursors').insert({ name: 'a', value: '', at: 0 });
  const add = (store: Store) =>
    transact(store, async (tx) => {
      const { at: now } = await tx('cursors').where({ name: 'a' }).forUpdate().first('at');
      await tx('cursors')
        .where({ name: 'a' })
        .update({ at: Number(now) + 1 });
    });
  const turns = stores.map(async (store) => {
    for (let n = 0; n < 30; n++) await add(store);
  });
  await Promise.all(turns);
  for (const store of stores) assert.equal(Number((await store.db('cursors').first('at')).at), 90);
});

onGalera('each delivery is claimed by one of those who want it on different nodes', async ({ on }) => {
  const stores = [on(0), on(1), on(2)];
  const [first] = stores;
  assert.ok(first);
  for (let n = 0; n < 40; n++) await seed(first, { facts: [], messageId: `m${n}@mg.example.com` });
  const claims = await Promise.all(
    stores.map(async (store) => {
      const won: string[] = [];
      for (let n = 0; n < 12; n++) won.push(...(await claimAny(store, at(1), 10, MINUTE)).ids);
      return won;
    }),
  );
  const all = claims.flat();
  assert.equal(new Set(all).size, all.length, 'none is claimed twice');
  assert.equal(all.length, 40);
});

onGalera(
  'facts from two nodes about one delivery are all kept, and its state is that of all of them',
  async ({ on }) => {
    const stores = [on(0), on(1), on(2)];
    const [first] = stores;
    assert.ok(first);
    const [view] = await seed(first, { facts: [] });
    assert.ok(view);
    // All at the same time: what is to be seen is the number of facts that each saw before its own.
    const seen: number[] = [];
    const turns = stores.map(async (store, n) => {
      for (let m = 0; m < 8; m++) {
        const note: Fact = { key: `${n}/${m}`, at: at(1), kind: 'noted', attempt: 0, what: 'a note' };
        let before = 0;
        await change(store, [view.id], at(1), ({ facts }) => {
          before = facts.length;
          return [note];
        });
        seen.push(before);
      }
    });
    await Promise.all(turns);
    assert.deepEqual(
      seen.sort((a, b) => a - b),
      Array.from({ length: 24 }, (_, n) => n),
    );
  },
);

onGalera('what may be done so often is not done more often by several nodes at once', async ({ on }) => {
  const stores = [on(0), on(1), on(2)];
  const turns = stores.map(async (store, n) => {
    let done = 0;
    for (let m = 0; m < 6; m++) {
      const entry = { who: 'test', what: 'drill', subject: null, detail: `${n}/${m}` };
      if (await auditWithin(store, at(1), entry, { most: 5, since: at(0) })) done++;
    }
    return done;
  });
  const done = await Promise.all(turns);
  assert.equal(
    done.reduce((sum, one) => sum + one, 0),
    5,
  );
});

onGalera('each migration is run once when all nodes are told to at the same time', async ({ t, cluster }) => {
  for (let time = 1; time <= 3; time++) {
    const name = await emptyDatabaseOf(cluster);
    const stores = cluster.nodes.map((node) => openStore(node.url(name)));
    for (const store of stores) t.after(store.close);
    const ran = await Promise.all(stores.map((store) => migrate(store.db, 3 * MINUTE)));
    for (const store of stores) assert.deepEqual(await pendingMigrations(store.db), []);
    const kept: string[] = (await stores[0]?.db('knex_migrations').orderBy('name').pluck('name')) ?? [];
    assert.deepEqual(ran.flat().sort(), kept);
    assert.equal(new Set(kept).size, kept.length);
  }
});

onGalera('one that was killed on another node keeps all out until its lock is taken away', async ({ on }) => {
  const [one, other] = [on(0), on(1)];
  await one.db('migration_lock').update({ holder: 'killed' });
  await assert.rejects(migrate(other.db, 0), MigrationUnderWay);
  await unlock(other.db);
  assert.deepEqual(await migrate(other.db, 0), []);
  assert.deepEqual(await one.db('migration_lock').pluck('holder'), [null], 'it is given back');
});

onGalera('what was committed on one node is read on the others', async ({ on }) => {
  const stores = [on(0), on(1), on(2)];
  for (let n = 0; n < 60; n++) {
    await stores[n % 3]?.db('cursors').insert({ name: `${n}`, value: '', at: 0 });
    const read = await stores[(n + 1) % 3]
      ?.db('cursors')
      .where({ name: `${n}` })
      .first('name');
    assert.equal(read?.name, `${n}`);
  }
});

onGalera('a server that is named with a cluster and is of none is not written to', async ({ cluster, on, all }) => {
  const known = all();
  await known.db('cursors').insert({ name: 'before', value: '', at: 0 });
  const alone = nodeOf(cluster, known);
  await alone.ask('set global wsrep_on = off');
  try {
    const fresh = all(cluster.nodes.indexOf(alone));
    await fresh.db('cursors').insert({ name: 'fresh', value: '', at: 0 });
    assert.notEqual(fresh.server()?.port, alone.port);
    // The connection that it has is in use, so another one is made.
    await known.db.transaction(async () => void (await known.db('cursors').insert({ name: 'more', value: '', at: 0 })));
    assert.notEqual(known.server()?.port, alone.port);
    const other = on((cluster.nodes.indexOf(alone) + 2) % 3);
    assert.deepEqual(await other.db('cursors').orderBy('name').pluck('name'), ['before', 'fresh', 'more']);
  } finally {
    await alone.ask('set global wsrep_on = on');
  }
});

/** Writes on, and whatever was acknowledged must be there afterwards. */
async function keepsOn(store: Store, name: string, names: string[]): Promise<void> {
  await again(() => store.db('cursors').insert({ name, value: '', at: 0 }).onConflict('name').merge());
  names.push(name);
}

/** As a job does that comes again while there is trouble. */
async function untilDone(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    const error: unknown = await work().then(
      () => null,
      (e: unknown) => e,
    );
    if (error === null) return;
    if (!isDatabaseTrouble(error)) throw error;
  }
}

type Fault = { what: string; make(node: GaleraNode): Promise<unknown>; end(node: GaleraNode): Promise<unknown> };

const FAULTS: Fault[] = [
  { what: 'is killed', make: (node) => node.kill(), end: (node) => node.start() },
  { what: 'is paused', make: async (node) => node.pause(), end: async (node) => node.resume() },
  { what: 'is cut from the others', make: (node) => node.isolate(true), end: (node) => node.isolate(false) },
  {
    what: 'is desynced and locked for a backup',
    make: (node) => node.lock(),
    end: (node) => node.unlock(),
  },
];

for (const { what, make, end } of FAULTS) {
  onGalera(`a store goes to another node when its own ${what}, and loses nothing`, async ({ cluster, all }) => {
    const store = all();
    const moves: string[] = [];
    store.moved = (to) => moves.push(to);
    const names: string[] = [];
    await keepsOn(store, 'before', names);
    const node = nodeOf(cluster, store);
    try {
      await make(node);
      for (let n = 0; n < 5; n++) await untilDone(() => keepsOn(store, `after ${n}`, names));
      assert.notEqual(store.server()?.port, node.port);
      assert.ok(moves.length > 0);
      assert.deepEqual(await databaseProblems(store), []);
    } finally {
      await end(node);
    }
    await node.synced();
    const alone = openStore(node.url(String(store.server()?.database)));
    // A node that was away for a moment may not know yet that it was.
    let kept: string[] = [];
    await untilDone(async () => {
      kept = await alone.db('cursors').whereIn('name', names).pluck('name');
    });
    await alone.close();
    assert.deepEqual(kept.sort(), [...names].sort());
  });
}
