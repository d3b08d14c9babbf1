import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../../base/errors.ts';
import { copySqlite } from './copy-sqlite.ts';
import { lastMigration } from './migrate.ts';
import { LIMITS } from './mysql.ts';
import { dumpMysql } from './mysql-programs.ts';
import { openStore, type Store } from './open.ts';
import { parseDatabaseUrl } from './url.ts';

/** A whole database as a stream of bytes: the file of SQLite, or SQL. */
export type Dump = {
  kind: 'sqlite' | 'mysql';
  /** The last of its migrations. */
  migration: string;
  /** Rows of the tables that were asked for. Those of a server were counted a moment before. */
  counts: Record<string, number>;
  bytes: AsyncIterable<Buffer>;
  /** Removes what was put aside for it. */
  close(): Promise<void>;
};

type Counting = { tables: readonly string[]; count(store: Store): Promise<Record<string, number>> };

/**
 * Begins to write a database out as it is at one moment, while it is used. `store` is a connection to it. One at a time: what
 * an earlier one has left behind is removed.
 */
export async function dumpOf(
  store: Store,
  url: string,
  { tables, count }: Counting,
  signal: AbortSignal,
): Promise<Dump> {
  const place = parseDatabaseUrl(url);
  const migration = await lastMigration(store.db);
  if (migration === null) throw new AppError('conflict', 'the database has no tables yet');
  if (place.kind === 'mysql') {
    const counts = await counted(url, count, signal);
    return {
      kind: 'mysql',
      migration,
      counts,
      bytes: dumpMysql(store.server() ?? place, signal),
      close: async () => {},
    };
  }
  if (place.file === ':memory:') throw new AppError('invalid', 'a database in memory has no backup');
  await removeCopies(place.file);
  const copy = `${place.file}${COPY}${process.pid}`;
  const close = () => rm(copy, { force: true });
  try {
    const counts = await copySqlite(place.file, copy, tables);
    return { kind: 'sqlite', migration, counts, bytes: createReadStream(copy), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Large tables are counted for as long as it takes, which is no sign that the server hangs. The signal ends the wait. */
async function counted(url: string, count: Counting['count'], signal: AbortSignal): Promise<Record<string, number>> {
  signal.throwIfAborted();
  const store = openStore(url, { limits: { ...LIMITS, query: null } });
  const ended = new AbortController();
  try {
    const aborted = once(signal, 'abort', { signal: ended.signal }).then(() => Promise.reject(signal.reason));
    return await Promise.race([count(store), aborted]);
  } finally {
    ended.abort();
    await store.close();
  }
}

/** Beside the database, where as much as it holds may lie, and nobody else may read. */
const COPY = '-backup-copy-';

async function removeCopies(file: string): Promise<void> {
  const folder = dirname(file);
  const left = (await readdir(folder)).filter((name) => name.startsWith(`${basename(file)}${COPY}`));
  for (const name of left) await rm(join(folder, name), { force: true });
}
