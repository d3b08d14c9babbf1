// The databases that a bench runs on, one after the other.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMigrated, startMariaDb, withoutMariaDb } from '../../src/lab/servers/mariadb.ts';
import { migrate } from '../../src/store/db/migrate.ts';
import { openStore } from '../../src/store/db/open.ts';

/** `databaseFor` makes an empty database with all tables, one for each number. */
export type OnDatabase = (name: string, databaseFor: (n: number) => Promise<string>) => Promise<void>;

export const SERVER = { 'innodb-buffer-pool-size': '1G', 'innodb-flush-method': 'O_DIRECT' };

/** Runs it on SQLite, and on MariaDB where that is installed; `only` names one of the two. */
export async function onEachDatabase(
  only: string | undefined,
  bench: OnDatabase,
  settings: Record<string, string> = SERVER,
): Promise<void> {
  if (only !== 'mysql') await onSqlite(bench);
  if (only === 'sqlite') return;
  const missing = withoutMariaDb();
  if (missing) process.stdout.write(`\nMariaDB: left out (${missing})\n`);
  else await onMariaDb(bench, settings);
}

async function onSqlite(bench: OnDatabase): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'homing-bench-'));
  // Also when it is broken off: it may be gigabytes.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const databaseFor = async (n: number) => {
    const url = `sqlite:${join(folder, `bench-${n}.sqlite`)}`;
    const store = openStore(url);
    await migrate(store.db);
    await store.close();
    return url;
  };
  await bench('SQLite, WAL, synchronous=FULL', databaseFor);
}

async function onMariaDb(bench: OnDatabase, settings: Record<string, string>): Promise<void> {
  const server = await startMariaDb(settings);
  try {
    await bench('MariaDB, innodb_flush_log_at_trx_commit=1', (n) => createMigrated(server, `bench${n}`));
  } finally {
    await server.stop();
  }
}
