import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { createDatabase, type MariaDb, startMariaDb, withoutMariaDb } from '../../src/lab/servers/mariadb.ts';
import { migrate } from '../../src/store/db/migrate.ts';
import { openStore, type Store } from '../../src/store/db/open.ts';

/** One database. `open` gives a further connection to it, as another process would have. */
export type TestStore = { t: TestContext; store: Store; url: string; open(): Store };

export const KINDS = ['sqlite', 'mysql'] as const;
export type Kind = (typeof KINDS)[number];

const LABEL: Record<Kind, string> = { sqlite: 'SQLite', mysql: 'MariaDB' };

/** Registers a test twice: on a SQLite file and on MariaDB, each with an empty and migrated database. */
export function eachStore(name: string, check: (given: TestStore) => Promise<void>): void {
  for (const kind of KINDS) {
    test(`${name} (${LABEL[kind]})`, { skip: skipped(kind) }, async (t) => check(await testStore(t, kind)));
  }
}

/** The same for MariaDB only, where SQLite has nothing of the kind. */
export function onMariaDb(name: string, check: (given: TestStore) => Promise<void>): void {
  test(`${name} (MariaDB)`, { skip: skipped('mysql') }, async (t) => check(await testStore(t, 'mysql')));
}

export function onSqlite(name: string, check: (given: TestStore) => Promise<void>): void {
  test(`${name} (SQLite)`, async (t) => check(await testStore(t, 'sqlite')));
}

const skipped = (kind: Kind): string | false => (kind === 'mysql' ? withoutMariaDb() : null) ?? false;

export async function testStore(t: TestContext, kind: Kind): Promise<TestStore> {
  const url = kind === 'mysql' ? await emptiedMariaDb() : await freshDatabase(t, kind);
  const open = (): Store => {
    const opened = openStore(url);
    t.after(opened.close);
    return opened;
  };
  const store = open();
  if (kind === 'sqlite') await migrate(store.db);
  return { t, store, url, open };
}

let shared: Promise<MariaDb> | null = null;

/** The server of this process, started at the first call and stopped after its last test. */
function mariaDb(): Promise<MariaDb> {
  shared ??= startMariaDb();
  return shared;
}

after(async () => {
  const server = await shared?.catch(() => null);
  await server?.stop();
});

let migrated: Promise<string> | null = null;

/** Making the tables takes MariaDB a second, so the tests of a file share one database and each finds it empty. */
async function emptiedMariaDb(): Promise<string> {
  migrated ??= mariaDb().then((server) => createDatabase(server, nextName()));
  const url = await migrated;
  const store = openStore(url);
  await migrate(store.db);
  const [tables] = (await store.db.raw('show tables')) as [Record<string, string>[]];
  const names = tables.flatMap((row) => Object.values(row)).filter((name) => !name.startsWith('knex_'));
  for (const name of names) await store.db(name).delete();
  await store.close();
  return url;
}

/** Registers a test twice, each time with a database that has no tables yet. */
export function eachDatabase(name: string, check: (t: TestContext, url: string, kind: Kind) => Promise<void>): void {
  for (const kind of KINDS) {
    test(`${name} (${LABEL[kind]})`, { skip: skipped(kind) }, async (t) =>
      check(t, await freshDatabase(t, kind), kind),
    );
  }
}

let made = 0;
const nextName = (): string => `homing_${++made}`;

export async function freshDatabase(t: TestContext, kind: Kind): Promise<string> {
  if (kind === 'sqlite') {
    const folder = mkdtempSync(join(tmpdir(), 'homing-sqlite-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    return `sqlite:${join(folder, 'homing.sqlite')}`;
  }
  return createDatabase(await mariaDb(), nextName());
}
