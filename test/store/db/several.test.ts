// Several servers of one database, where some do not work.
import assert from 'node:assert/strict';
import { checkDatabase } from '../../../src/commands/doctor/database.ts';
import { readConfig } from '../../../src/config/config.ts';
import { settingsShown } from '../../../src/config/shown.ts';
import { SECOND } from '../../../src/core/time.ts';
import { withDatabaseBeside } from '../../../src/store/db/beside.ts';
import { dumpOf } from '../../../src/store/db/dump.ts';
import { CHANGE_AFTER, LIMITS, type Limits } from '../../../src/store/db/mysql.ts';
import { openStore, type Store } from '../../../src/store/db/open.ts';
import { restoreInto } from '../../../src/store/db/restore-into.ts';
import { transact } from '../../../src/store/db/transact.ts';
import { isDatabaseTrouble } from '../../../src/store/db/trouble.ts';
import { MORNING } from '../../support/clock.ts';
import { startSilentProxy } from '../../support/silent-proxy.ts';
import { onMariaDb } from '../../support/stores.ts';

/** Nobody listens at the first port. */
const behindNobody = (url: string) => url.replace('@', ':hunter2@127.0.0.1:1,');

onMariaDb('a backup, a restore and the doctor go to the server that works', async ({ t, store, url }) => {
  await store.db('cursors').insert({ name: 'a', value: 'kept', at: 0 });
  const several = behindNobody(url);
  const other = openStore(several);
  t.after(other.close);
  const { signal } = new AbortController();
  const dump = await dumpOf(other, several, { tables: [], count: async () => ({}) }, signal);
  const bytes: Buffer[] = [];
  for await (const part of dump.bytes) bytes.push(part);
  const read = await withDatabaseBeside({ url: several, given: undefined, now: MORNING }, (beside) =>
    restoreInto(
      { kind: 'mysql', url: beside, pour: async (into) => into(eachOf(bytes)), signal },
      async (restored) => (await restored.db('cursors').where({ name: 'a' }).first('value')).value,
    ),
  );
  assert.equal(read, 'kept');
  const config = readConfig({ DATABASE_URL: several }, 'database');
  const { findings, store: checked } = await checkDatabase(config);
  await checked?.close();
  const port = store.server()?.port;
  assert.ok(findings.some(({ says }) => says.endsWith(`answers, by 127.0.0.1:${port}`)));
  assert.doesNotMatch(JSON.stringify([findings, settingsShown(config)]), /hunter2/);
});

async function* eachOf(parts: readonly Buffer[]) {
  yield* parts;
}

const SHORT: Limits = { query: 400, connection: 3000, trust: 0, sign: 200 };

onMariaDb('a server that hangs is left for the next one, and what was changed there is changed once', async (given) => {
  const { t, store: direct, url } = given;
  const hanging = await startSilentProxy(Number(new URL(url).port));
  const store = openStore(url.replace('@127.0.0.1:', `@127.0.0.1:${hanging.port},127.0.0.1:`), { limits: SHORT });
  t.after(async () => {
    await store.close();
    await hanging.close();
  });
  const moves: string[] = [];
  store.moved = (to) => moves.push(to);
  const put = () => transact(store, (tx) => tx('cursors').insert({ name: 'a', value: '', at: 0 }));
  await store.db.raw('select 1');
  assert.equal(store.server()?.port, hanging.port);
  hanging.silence();
  // A statement that hangs is trouble, and whoever comes again goes elsewhere.
  await put().catch((error: unknown) => assert.ok(isDatabaseTrouble(error)));
  await put().catch((error: { code?: string }) => assert.equal(error.code, 'ER_DUP_ENTRY'));
  assert.deepEqual(moves, [`127.0.0.1:${new URL(url).port}`]);
  assert.equal((await direct.db('cursors')).length, 1);
});

onMariaDb('connections to a server that answers are kept when another one hangs', async ({ t, url }) => {
  const target = Number(new URL(url).port);
  const [hanging, working] = [await startSilentProxy(target), await startSilentProxy(target)];
  const hosts = `@127.0.0.1:${hanging.port},127.0.0.1:${working.port}`;
  const store = openStore(url.replace(/@[^/]*/, hosts), { limits: { ...SHORT, query: 2000 } });
  t.after(async () => {
    await store.close();
    for (const proxy of [hanging, working]) await proxy.close();
  });
  const wait = store.db.raw('select sleep(5)').catch((error: unknown) => error);
  // Its connection is made and in use, so the next ones are made anew.
  await store.db.raw('select 1');
  hanging.silence();
  await store.db.raw('select 1').catch(() => {});
  await store.db.raw('select 1');
  const made = working.made();
  assert.ok(made > 0);
  assert.ok(isDatabaseTrouble(await wait));
  await store.db.raw('select 1');
  assert.equal(store.server()?.port, working.port);
  assert.equal(working.made(), made);
});

onMariaDb('a lock is waited for less long than an answer, so that waiting is not taken for silence', async (given) => {
  for (const [url, limit] of [
    [given.url, LIMITS.query],
    [behindNobody(given.url), CHANGE_AFTER],
  ] as const) {
    const store = openStore(url);
    given.t.after(store.close);
    const [[{ wait }]] = await store.db.raw('select @@innodb_lock_wait_timeout as wait');
    assert.ok(limit !== null && wait * SECOND < limit, `${wait} s`);
  }
});

onMariaDb('a server is not left for a connection to it that was thrown away', async ({ t, url }) => {
  const proxy = await startSilentProxy(Number(new URL(url).port));
  const store = openStore(url.replace('@', `@127.0.0.1:${proxy.port},`), { limits: { ...LIMITS, trust: 0 } });
  t.after(async () => {
    await store.close();
    await proxy.close();
  });
  const moves: string[] = [];
  store.moved = (to) => moves.push(to);
  const { client } = store.db;
  const all = await Promise.all(Array.from({ length: 10 }, () => client.acquireConnection()));
  // Whoever waits for one of a full pool gets it before it is heard that it is closed.
  const waits = client.acquireConnection();
  all[0].stream.destroy();
  await client.releaseConnection(all[0]);
  for (const one of [await waits, ...all.slice(1)]) await client.releaseConnection(one);
  assert.equal(store.server()?.port, proxy.port);
  assert.deepEqual(moves, []);
});

onMariaDb('a restore and the counts of a backup take as long as they take', async ({ t, store, url }) => {
  const several = behindNobody(url);
  const { signal } = new AbortController();
  const hasNoLimit = async (given: Store) => {
    // It would take longer than a statement of this store may.
    await given.db.raw('select sleep(?)', [CHANGE_AFTER / SECOND + 1]);
    return {};
  };
  await store.db('cursors').insert({ name: 'a', value: '', at: 0 });
  const other = openStore(several);
  t.after(other.close);
  const dumped = (count: (given: Store) => Promise<Record<string, number>>) =>
    dumpOf(other, several, { tables: [], count }, signal);
  const { bytes } = await dumped(async () => ({}));
  const restored = withDatabaseBeside({ url: several, given: undefined, now: MORNING }, (beside) =>
    restoreInto({ kind: 'mysql', url: beside, pour: async (into) => into(bytes), signal }, hasNoLimit),
  );
  await Promise.all([dumped(hasNoLimit), restored]);
});

onMariaDb('counting ends with the backup', async ({ store, url }) => {
  const ends = new AbortController();
  const count = async (given: Store) => {
    await given.db.raw('select 1');
    ends.abort(new Error('it is over'));
    return new Promise<never>(() => {});
  };
  await assert.rejects(dumpOf(store, url, { tables: [], count }, ends.signal), /it is over/);
});
