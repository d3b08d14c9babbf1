import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { migrate } from '../../../src/store/db/migrate.ts';
import { openStore, type Store } from '../../../src/store/db/open.ts';
import { isDatabaseTrouble, refusesWrites, wasUndone } from '../../../src/store/db/trouble.ts';
import { eachStore, onMariaDb } from '../../support/stores.ts';

const error = (fields: object, message = 'words'): Error => Object.assign(new Error(message), fields);

test('what a server says when it can not be used now is trouble, and a wrong statement is none', () => {
  const trouble = [
    'ECONNREFUSED ENETUNREACH ETIMEDOUT PROTOCOL_CONNECTION_LOST PROTOCOL_SEQUENCE_TIMEOUT ER_NET_READ_ERROR',
    'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR HANDSHAKE_SSL_ERROR HANDSHAKE_NO_SSL_SUPPORT ER_HOST_IS_BLOCKED',
    'ER_CON_COUNT_ERROR ER_TOO_MANY_USER_CONNECTIONS ER_USER_LIMIT_REACHED ER_ACCOUNT_HAS_BEEN_LOCKED',
    'ER_SERVER_SHUTDOWN ER_OPTION_PREVENTS_STATEMENT ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION ER_READ_ONLY_MODE',
    'ER_QUERY_INTERRUPTED ER_QUERY_TIMEOUT ER_CLIENT_INTERACTION_TIMEOUT ER_SESSION_WAS_KILLED ER_UNKNOWN_COM_ERROR',
    'ER_DISK_FULL ER_RECORD_FILE_FULL ER_OUTOFMEMORY ER_LOCK_TABLE_FULL ER_LOCK_DEADLOCK ER_CHECKREAD',
    'ER_INNODB_READ_ONLY ER_SERVER_OFFLINE_MODE ER_CRASHED_ON_USAGE ER_LOCK_WAIT_TIMEOUT ECONNRESET SQLITE_ABORT',
    'SQLITE_IOERR SQLITE_IOERR_FSYNC SQLITE_CORRUPT SQLITE_NOTADB SQLITE_READONLY SQLITE_FULL SQLITE_CANTOPEN',
  ].flatMap((line) => line.split(' '));
  assert.deepEqual(
    trouble.filter((code) => !isDatabaseTrouble(error({ code }))),
    [],
  );
  const ours = 'ER_DUP_ENTRY ER_DATA_TOO_LONG ER_PARSE_ERROR ER_BAD_FIELD_ERROR SQLITE_CONSTRAINT_UNIQUE SQLITE_ERROR';
  assert.deepEqual(
    ours.split(' ').filter((code) => isDatabaseTrouble(error({ code }))),
    [],
  );
  assert.equal(isDatabaseTrouble(new TypeError('x is not a function')), false);
  assert.equal(isDatabaseTrouble('ECONNREFUSED'), false);
});

/**
 * By number, as the driver has no names for most. Sources: docs.pingcap.com/tidb/stable/error-codes (8000 and above),
 * dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html (3101, 1290, 1792, 1836, 3168), vitessio/vitess,
 * go/mysql/sqlerror/sql_error.go (1047, 1203, 1317, 2013, 3168), and for Galera 1047, 1180 and 1213.
 */
const CLUSTERS = {
  undone: [1020, 1180, 1205, 1213, 3101, 8002, 8005, 8022, 8028, 9007],
  elsewhere: [1047, 1290, 1792, 1836, 1874],
  trouble: [1927, 1969, 2002, 2003, 2006, 2013, 2055, 8027, 9001, 9002, 9003, 9004, 9005],
  ours: [1062, 1064, 1105, 1406, 8001, 8003, 8004, 8020, 8025, 9006],
};

test('errors of clusters are told apart by their numbers', () => {
  const kinds = (errno: number) => {
    const e = error({ code: 'UNKNOWN_CODE_PLEASE_REPORT', errno });
    return { undone: wasUndone(e), elsewhere: refusesWrites(e), trouble: isDatabaseTrouble(e) };
  };
  const expected = {
    undone: { undone: true, elsewhere: false, trouble: true },
    elsewhere: { undone: false, elsewhere: true, trouble: true },
    trouble: { undone: false, elsewhere: false, trouble: true },
    ours: { undone: false, elsewhere: false, trouble: false },
  };
  for (const [kind, numbers] of Object.entries(CLUSTERS))
    for (const errno of numbers) assert.deepEqual(kinds(errno), expected[kind as keyof typeof expected], `${errno}`);
});

test('trouble is known by whatever it is wrapped in', () => {
  const refused = error({ code: 'ECONNREFUSED' });
  assert.ok(isDatabaseTrouble(new AggregateError([new Error('words'), refused])));
  assert.ok(isDatabaseTrouble(error({ fatal: true }, "Can't add new command when connection is in closed state")));
  assert.ok(isDatabaseTrouble(error({ errno: 1927 }, 'Connection was killed')));
  for (const errno of [2006, 2013])
    assert.ok(
      isDatabaseTrouble(error({ code: 'UNKNOWN_CODE_PLEASE_REPORT', errno }, 'Lost connection to backend server')),
    );
  assert.ok(isDatabaseTrouble(new Error('words', { cause: refused })));
  assert.equal(isDatabaseTrouble(new AggregateError([new Error('words')])), false);
});

/** The error of a store on a SQLite file that something was done to. */
async function errorOf(t: TestContext, url: string, run: (store: Store) => Promise<unknown>): Promise<Error> {
  const store = openStore(url);
  t.after(store.close);
  const thrown: unknown = await run(store).then(
    () => null,
    (e: unknown) => e,
  );
  assert.ok(thrown instanceof Error);
  return thrown;
}

test('a SQLite file that can not be read or written is trouble, by its own name', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'homing-trouble-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const name = (...parts: string[]) => join(folder, ...parts);
  const insert = (store: Store) => store.db('cursors').insert({ name: 'a', value: 'x'.repeat(100_000), at: 0 });
  const made = async (file: string): Promise<string> => {
    const store = openStore(`sqlite:${file}`);
    await migrate(store.db);
    await store.close();
    return `sqlite:${file}`;
  };
  writeFileSync(name('text'), 'this is no database, and never was one'.repeat(100));
  mkdirSync(name('folder'));
  const whole = await made(name('torn'));
  const bytes = readFileSync(name('torn'));
  writeFileSync(name('torn'), bytes.fill(0x55, 4096));
  const cases: [string, string, (store: Store) => Promise<unknown>][] = [
    ['SQLITE_NOTADB', `sqlite:${name('text')}`, insert],
    ['SQLITE_CANTOPEN', `sqlite:${name('folder')}`, insert],
    ['SQLITE_CORRUPT', whole, insert],
    [
      'SQLITE_READONLY',
      await made(name('readonly')),
      async (store) => {
        await store.db.raw('pragma query_only=on');
        await insert(store);
      },
    ],
    [
      'SQLITE_FULL',
      await made(name('full')),
      async (store) => {
        await store.db.raw('pragma max_page_count=1');
        await insert(store);
      },
    ],
  ];
  for (const [code, url, run] of cases) {
    const thrown = await errorOf(t, url, run);
    assert.equal((thrown as { code?: string }).code, code, `${thrown.message}`);
    assert.ok(isDatabaseTrouble(thrown));
  }
});

onMariaDb(
  'a server that refuses writes, kills the connection or is gone is trouble',
  async ({ t, store, open, url }) => {
    const write = (s: Store) => s.db('cursors').insert({ name: 'a', value: '', at: 0 });
    const readOnly = store.db.transaction((tx) => tx('cursors').insert({ name: 'a', value: '', at: 0 }), {
      readOnly: true,
    });
    await assert.rejects(readOnly, isDatabaseTrouble);
    const killed = open()
      .db.raw('select sleep(5)')
      .then(
        () => null,
        (e: unknown) => e,
      );
    const [rows] = (await untilRunning(store, 'select sleep(5)')) as [{ ID: number }[]];
    await store.db.raw('kill ?', [rows[0]?.ID ?? 0]);
    assert.ok(isDatabaseTrouble(await killed));
    const nobody = new URL(url);
    nobody.port = '1';
    // Two addresses behind one name.
    nobody.hostname = 'localhost';
    const gone = openStore(nobody.href);
    t.after(gone.close);
    await assert.rejects(write(gone), isDatabaseTrouble);
  },
);

async function untilRunning(store: Store, statement: string): Promise<unknown> {
  for (;;) {
    const found = await store.db.raw('select ID from information_schema.processlist where INFO = ?', [statement]);
    if ((found as [unknown[]])[0].length > 0) return found;
  }
}

eachStore('a closed store is trouble', async ({ open }) => {
  const store = open();
  await store.db('cursors').first();
  await store.close();
  await assert.rejects(async () => store.db('cursors').first(), isDatabaseTrouble);
});
