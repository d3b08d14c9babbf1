import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startMariaDb, withoutMariaDb } from '../../../src/lab/servers/mariadb.ts';
import { migrate } from '../../../src/store/db/migrate.ts';
import { durabilityProblems, openStore, reachable } from '../../../src/store/db/open.ts';
import { makeCertificates, withoutOpenssl } from '../../support/certificates.ts';
import { eachStore, freshDatabase } from '../../support/stores.ts';

eachStore('a database that keeps what it acknowledges is found good', async ({ store }) => {
  assert.deepEqual(await durabilityProblems(store), []);
});

test('SQLite runs in WAL with synchronous=FULL on every connection, also after the first DDL and read', async (t) => {
  const url = await freshDatabase(t, 'sqlite');
  for (const _ of [1, 2, 3]) {
    const store = openStore(url);
    await migrate(store.db);
    await store.db('messages').first();
    assert.deepEqual(await store.db.raw('PRAGMA synchronous'), [{ synchronous: 2 }]);
    assert.deepEqual(await store.db.raw('PRAGMA journal_mode'), [{ journal_mode: 'wal' }]);
    await store.close();
  }
});

test('a SQLite file can be opened and read while somebody else is writing to it', async (t) => {
  const url = await freshDatabase(t, 'sqlite');
  const [writer, reader] = [openStore(url), openStore(url)];
  t.after(() => Promise.all([writer.close(), reader.close()]));
  await writer.db.raw('create table t (n integer)');
  await writer.db.transaction(async (tx) => {
    await tx('t').insert({ n: 1 });
    assert.deepEqual(await reader.db('t'), []);
  });
});

test('a SQLite connection that has become less durable is named', async (t) => {
  const store = openStore(await freshDatabase(t, 'sqlite'));
  t.after(store.close);
  await store.db.raw('PRAGMA synchronous=NORMAL');
  assert.deepEqual(await durabilityProblems(store), ['SQLite: synchronous is 1, not 2 (FULL)']);
});

test('a MariaDB that may lose what it acknowledged is named', { skip: withoutMariaDb() ?? false }, async (t) => {
  const server = await startMariaDb({ 'innodb-flush-log-at-trx-commit': '2' });
  t.after(server.stop);
  const store = openStore(server.url(''));
  t.after(store.close);
  assert.deepEqual(await durabilityProblems(store), ['MySQL: innodb_flush_log_at_trx_commit is 2, not 1']);
});

const ENCRYPTED = { skip: withoutMariaDb() ?? withoutOpenssl() ?? false };

test('a connection is encrypted where the URL asks for it, and not made in the clear', ENCRYPTED, async (t) => {
  const { ca, cert, key } = makeCertificates(t);
  const server = await startMariaDb({ 'ssl-cert': cert, 'ssl-key': key, 'ssl-ca': ca });
  t.after(server.stop);
  /** How the connection is encrypted, or the words with which it is refused. */
  const cipher = async (host: string, options: string): Promise<string> => {
    const store = openStore(`mysql://root@${host}:${server.port}/${options}`);
    t.after(store.close);
    try {
      const [[row]] = (await store.db.raw("show session status like 'Ssl_cipher'")) as [[{ Value: string }]];
      return row.Value;
    } catch (error) {
      return `refused: ${(error as Error).message}`;
    }
  };
  assert.equal(await cipher('localhost', ''), '');
  assert.match(await cipher('localhost', `?ssl-ca=${ca}`), /^TLS_/);
  assert.match(await cipher('127.0.0.1', `?ssl=true&ssl-ca=${ca}`), /^TLS_/);
  assert.match(await cipher('localhost', '?ssl=true&ssl-verify=false'), /^TLS_/);
  assert.match(await cipher('localhost', '?ssl=true'), /refused: .*certificate/);
});

test('a server that can not encrypt is refused where the URL asks for it', ENCRYPTED, async (t) => {
  const server = await startMariaDb({ 'skip-ssl': '' });
  t.after(server.stop);
  const store = openStore(`mysql://root@localhost:${server.port}/?ssl=true`);
  t.after(store.close);
  await assert.rejects(reachable(store), { code: 'HANDSHAKE_NO_SSL_SUPPORT' });
});

eachStore('what does not fit is an error, not a cut', async ({ store }) => {
  if (store.kind === 'sqlite') return; // SQLite has no lengths.
  const row = { name: 'x'.repeat(192), value: '', at: 0 };
  await assert.rejects(async () => store.db('cursors').insert(row), { code: 'ER_DATA_TOO_LONG' });
});

eachStore('ids are compared byte by byte', async ({ store }) => {
  const names = ['AbC', 'abc', 'ÁbC', 'ａｂｃ'];
  for (const name of names) await store.db('cursors').insert({ name, value: name, at: 0 });
  for (const name of names) {
    const rows: { value: string }[] = await store.db('cursors').where({ name }).select('value');
    assert.deepEqual(
      rows.map((r) => r.value),
      [name],
    );
  }
});

eachStore('every column of text in every table is compared byte by byte', async ({ store }) => {
  if (store.kind === 'sqlite') return;
  const [rows] = (await store.db.raw(
    `select table_name as t, column_name as c, collation_name as how from information_schema.columns
     where table_schema = database() and collation_name is not null and table_name not like 'knex%'`,
  )) as [{ t: string; c: string; how: string }[]];
  assert.ok(rows.length > 40);
  assert.deepEqual(
    rows.filter((r) => r.how !== 'utf8mb4_bin'),
    [],
  );
});

eachStore('an error of the database repeats no value that it was given', async ({ store }) => {
  const row = { name: 'secret-name', value: 'secret-value', at: 0 };
  await store.db('cursors').insert(row);
  const values = async () => store.db('cursors').insert({ ...row, no_such_column: 'secret-column' });
  await assert.rejects(values, (error: Error) => !/secret/.test(error.message));
});
