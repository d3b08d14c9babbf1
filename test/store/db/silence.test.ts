// A server that is not there any more without having said so.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { SECOND } from '../../../src/core/time.ts';
import type { Limits } from '../../../src/store/db/mysql.ts';
import { openStore, type Store } from '../../../src/store/db/open.ts';
import { transact } from '../../../src/store/db/transact.ts';
import { isDatabaseTrouble } from '../../../src/store/db/trouble.ts';
import { startSilentProxy } from '../../support/silent-proxy.ts';
import { onMariaDb } from '../../support/stores.ts';

const SHORT: Limits = { query: 300, connection: 600, trust: 0, sign: 200 };

async function through(t: TestContext, url: string, limits: Limits = SHORT) {
  const proxy = await startSilentProxy(Number(new URL(url).port));
  const address = new URL(url);
  address.port = String(proxy.port);
  const store = openStore(address.href, { limits });
  t.after(async () => {
    await store.close();
    await proxy.close();
  });
  await store.db.raw('select 1');
  return { store, proxy };
}

/** That many connections of the pool in use at once, and idle afterwards. */
const connections = (store: Store, n: number) =>
  Promise.all(Array.from({ length: n }, () => store.db.raw('select sleep(0.05)')));

onMariaDb('a statement that gets no answer is given up, and the next one is made anew', async ({ t, url }) => {
  const { store, proxy } = await through(t, url, { ...SHORT, trust: SECOND });
  proxy.silence();
  const wait = store.db.raw('select 1');
  await assert.rejects(
    wait,
    (error: Error) => /did not answer within 0.3 s/.test(error.message) && isDatabaseTrouble(error),
  );
  proxy.restore();
  await store.db.raw('select 1');
  assert.equal(proxy.made(), 2);
});

onMariaDb('a change that gets no answer ends as trouble of the database, and nothing of it stays', async (g) => {
  const { store, proxy } = await through(g.t, g.url);
  let tries = 0;
  const change = transact(store, async (tx) => {
    tries++;
    await tx('cursors').insert({ name: 'a', value: '', at: 0 });
    proxy.silence();
    await tx('cursors').insert({ name: 'b', value: '', at: 0 });
  });
  await assert.rejects(change, isDatabaseTrouble);
  assert.equal(tries, 1);
  proxy.restore();
  await store.db.raw('select 1');
  assert.deepEqual(await g.store.db('cursors'), []);
});

onMariaDb(
  'idle connections that were cut off are thrown away, and nobody who asks then notices',
  async ({ t, url }) => {
    const { store, proxy } = await through(t, url);
    await connections(store, 8);
    const before = proxy.made();
    assert.ok(before >= 8);
    proxy.silence();
    proxy.restore();
    const begun = performance.now();
    await connections(store, 8);
    assert.ok(
      performance.now() - begun < 5 * SHORT.sign,
      'one of them is asked for a sign of life, not one after the other',
    );
    assert.equal(proxy.made(), 2 * before);
  },
);

onMariaDb('a connection that can not be had or made is waited for no longer than its limit', async ({ t, url }) => {
  const { store, proxy } = await through(t, url, { ...SHORT, query: 5 * SECOND });
  // Knex begins when it is waited for.
  const busy = Array.from({ length: 10 }, async () => store.db.raw('select sleep(2)'));
  await assert.rejects(store.db.raw('select 1'), isDatabaseTrouble);
  await Promise.all(busy);
  proxy.silence();
  await assert.rejects(store.db.raw('select 1'), isDatabaseTrouble);
});

onMariaDb('a store is closed though its server does not answer', async ({ t, url }) => {
  const { store, proxy } = await through(t, url);
  await connections(store, 3);
  proxy.silence();
  const wait = store.db.raw('select 1').catch((error: unknown) => error);
  await store.close();
  assert.ok(isDatabaseTrouble(await wait));
});

onMariaDb('a connection that takes no writes any more is thrown away, and the change made on another', async (g) => {
  const { store, proxy } = await through(g.t, g.url, { ...SHORT, query: 5 * SECOND, trust: 5 * SECOND });
  const insert = (name: string) => transact(store, (tx) => tx('cursors').insert({ name, value: '', at: 0 }));
  await store.db.raw('set session transaction read only');
  await insert('a');
  assert.equal(proxy.made(), 2);
  await store.db.raw('set session transaction read only');
  await assert.rejects(async () => store.db('cursors').insert({ name: 'b', value: '', at: 0 }), isDatabaseTrouble);
  await insert('b');
  assert.equal(proxy.made(), 3);
  assert.equal((await g.store.db('cursors')).length, 2);
});

onMariaDb('a COMMIT that gets no answer ends as trouble of the database', async ({ t, url }) => {
  const { store, proxy } = await through(t, url);
  const begun = performance.now();
  const change = transact(store, async (tx) => {
    await tx('cursors').insert({ name: 'a', value: '', at: 0 });
    proxy.silence();
  });
  await assert.rejects(change, isDatabaseTrouble);
  assert.ok(performance.now() - begun < 10 * SECOND);
});
