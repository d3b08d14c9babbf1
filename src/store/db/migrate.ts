import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Knex } from 'knex';
import { sleep } from '../../base/wait.ts';
import { MINUTE, SECOND } from '../../core/time.ts';
import { insertNew } from './statements.ts';

// src/store/db/migrate.ts -> migrations, dist/src/store/db/migrate.js -> dist/migrations
const DIRECTORY = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'migrations');

/** Names without extension, so that a database migrated from .ts and one migrated by the build are the same. */
const source: Knex.MigrationSource<string> = {
  async getMigrations() {
    const files = await readdir(DIRECTORY);
    return files.filter((f) => /^\d{14}_\w+\.(?:js|ts)$/.test(f)).sort();
  },
  getMigrationName: (file) => file.replace(/\.(?:js|ts)$/, ''),
  getMigration: async (file) => (await import(pathToFileURL(join(DIRECTORY, file)).href)) as Knex.Migration,
};

/** A process that migrates SQLite holds the write lock: when Knex's own lock stands alone for so long, its owner is dead. */
const DEAD_AFTER = 5 * SECOND;

/** Brings the schema up to date and returns the names of the migrations that it ran. Several processes may do so at once. */
export async function migrate(db: Knex): Promise<string[]> {
  const tries = MINUTE / (SECOND / 4);
  const mysql = isMysql(db);
  for (let n = 1; ; n++) {
    try {
      await prepareTables(db);
      const [, names] = (await db.migrate.latest({ migrationSource: source })) as [number, string[]];
      return names.map((name) => source.getMigrationName(name));
    } catch (error) {
      if (!isRace(error) || n >= tries) throw error;
      if (!mysql && isLocked(error) && n % (DEAD_AFTER / (SECOND / 4)) === 0) await breakLock(db);
      await sleep(SECOND / 4);
    }
  }
}

/** The names of the migrations that this database still lacks. */
export async function pendingMigrations(db: Knex): Promise<string[]> {
  if (!(await db.schema.hasTable('knex_migrations')))
    return (await source.getMigrations([])).map(source.getMigrationName);
  const [, pending] = (await db.migrate.list({ migrationSource: source })) as [unknown, string[]];
  return pending.map((file) => source.getMigrationName(file));
}

/** Knex makes its own two tables in a way that loses when several processes start at once; these statements can be repeated. */
async function prepareTables(db: Knex): Promise<void> {
  const mysql = isMysql(db);
  const id = mysql ? 'int unsigned not null auto_increment primary key' : 'integer not null primary key autoincrement';
  const time = mysql ? 'timestamp' : 'datetime';
  await db.raw(
    `create table if not exists knex_migrations (id ${id}, name varchar(255), batch integer, migration_time ${time})`,
  );
  await db.raw(`create table if not exists knex_migrations_lock (\`index\` ${id}, is_locked integer)`);
  await insertNew(db, 'knex_migrations_lock', { index: 1, is_locked: 0 }, 'index');
}

const isMysql = (db: Knex): boolean => db.client.driverName === 'mysql2';

const isLocked = (error: unknown): boolean => (error as { name?: string }).name === 'MigrationLocked';

/** A kill in the middle of a migration leaves the lock behind, and nothing else: SQLite takes the rest back. */
async function breakLock(db: Knex): Promise<void> {
  try {
    await db('knex_migrations_lock').update({ is_locked: 0 });
  } catch (error) {
    if (!isRace(error)) throw error; // somebody migrates after all
  }
}

function isRace(error: unknown): boolean {
  const e = error as { name?: string; code?: string; message?: string };
  if (isLocked(error) || e.code === 'ER_TABLE_EXISTS_ERROR' || e.code?.startsWith('SQLITE_BUSY')) return true;
  return /already exists|database is locked/.test(e.message ?? '');
}
