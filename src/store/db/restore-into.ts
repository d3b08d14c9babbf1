import { existsSync } from 'node:fs';
import { link, mkdir, open, rm, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../../base/errors.ts';
import { migrate } from './migrate.ts';
import { LIMITS } from './mysql.ts';
import { loadMysql } from './mysql-programs.ts';
import { openStore, type Store } from './open.ts';
import { parseDatabaseUrl, type Server } from './url.ts';

export type Restoring = {
  /** Where to: an SQLite file that is not there, or a database without a table. */
  url: string;
  kind: 'sqlite' | 'mysql';
  /** Gives what `dumpOf` gave, and rejects when it is not whole. */
  pour(into: (bytes: AsyncIterable<Buffer>) => Promise<void>): Promise<void>;
  signal: AbortSignal;
};

/**
 * Fills an empty database with a dump, brings it up to date, and does what is to be done before anybody uses it. A file is
 * there when all of that is done, or not at all; a database of a server is marked until then, and no daemon starts on it.
 */
export async function restoreInto<T>(restoring: Restoring, prepare: (store: Store) => Promise<T>): Promise<T> {
  const place = parseDatabaseUrl(restoring.url);
  if (place.kind !== restoring.kind)
    throw new AppError(
      'mismatch',
      `the backup is of ${NAMES[restoring.kind]} and can be restored into no other: ${FORMS[restoring.kind]}`,
    );
  await mustBeEmpty(restoring.url);
  return place.kind === 'sqlite' ? intoFile(place.file, restoring, prepare) : intoServer(place, restoring, prepare);
}

const NAMES = { sqlite: 'SQLite', mysql: 'MySQL or MariaDB' };
const FORMS = { sqlite: 'give sqlite:./file', mysql: 'give mysql://user:pass@host:3306/database' };

type Prepare<T> = (store: Store) => Promise<T>;

async function intoFile<T>(file: string, { pour }: Restoring, prepare: Prepare<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const part = `${file}-restoring-${process.pid}`;
  try {
    await pour((bytes) => written(bytes, part));
    const answer = await prepared(`sqlite:${part}`, prepare);
    await synced(part);
    // Unlike a renaming it replaces nothing.
    await link(part, file);
    await unlink(part);
    return answer;
  } finally {
    for (const rest of ['', '-wal', '-shm', '-journal']) await rm(`${part}${rest}`, { force: true });
  }
}

async function written(bytes: AsyncIterable<Buffer>, path: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const part of bytes) await file.writeFile(part);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function synced(path: string): Promise<void> {
  const file = await open(path, 'r+');
  await file.sync().finally(() => file.close());
}

async function prepared<T>(url: string, prepare: Prepare<T>): Promise<T> {
  // A new index on a large table takes as long as it takes.
  const store = openStore(url, { limits: { ...LIMITS, query: null } });
  try {
    await migrate(store.db);
    return await prepare(store);
  } finally {
    await store.close();
  }
}

/** A table that is there until the restore has come to its end. */
const MARK = '_half_restored';

async function intoServer<T>(server: Server, { url, pour, signal }: Restoring, prepare: Prepare<T>): Promise<T> {
  // The same of several servers to which the connection before it went.
  const asked = await marked(url);
  await pour((bytes) => loadMysql(asked ?? server, bytes, signal));
  const answer = await prepared(url, prepare);
  await withStore(url, (store) => store.db.schema.dropTable(MARK));
  return answer;
}

const marked = (url: string): Promise<Server | null> =>
  withStore(url, async ({ db, server }) => {
    await db.raw('create table ?? (id integer primary key)', [MARK]);
    return server();
  });

/** Throws when there is anything in the database, or a log of another one beside its file. */
export async function mustBeEmpty(url: string): Promise<void> {
  const place = parseDatabaseUrl(url);
  if (place.kind === 'sqlite') {
    const there = ['', '-wal', '-shm'].map((rest) => `${place.file}${rest}`).find((file) => existsSync(file));
    if (there !== undefined)
      throw new AppError('conflict', `${there} is there already: restore to another place, or move it away`);
    return;
  }
  const tables = await withStore(url, async ({ db }) => ((await db.raw('show tables')) as [unknown[]])[0]);
  if (tables.length > 0)
    throw new AppError('conflict', 'the database is not empty: restore to another one, or drop what is in it');
}

/** Whether a restore into it was begun and did not come to its end. */
export const isHalfRestored = (store: Store): Promise<boolean> => store.db.schema.hasTable(MARK);

async function withStore<T>(url: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = openStore(url);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
