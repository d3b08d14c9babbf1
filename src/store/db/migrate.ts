import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Knex } from 'knex';
import { sleep } from '../../base/wait.ts';
import { MINUTE, type Ms, SECOND } from '../../core/time.ts';
import { insertNew } from './statements.ts';
import { wasUndone } from './trouble.ts';

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

const PAUSE = SECOND / 4;
/** Another process migrates, or one that did was killed, and this database can't tell the two apart. */
export class MigrationUnderWay extends Error {
  override readonly name = 'MigrationUnderWay';
}

/**
 * Brings the schema up to date and returns the names of the migrations that it ran. Several processes may do so at once,
 * and one that was killed in the middle may be started again. Throws `MigrationUnderWay` when another takes longer than
 * `patience`.
 */
export async function migrate(db: Knex, patience: Ms = MINUTE): Promise<string[]> {
  const turn = await takeTurn(db, patience);
  try {
    return await latest(db, turn, patience);
  } finally {
    await turn?.end();
  }
}

/** Whoever has it is the only one to migrate. Null where the database has no lock that ends with its owner. */
type Turn = { end(): Promise<void> } | null;

/**
 * SQLite needs none: there a migration is one transaction, so that a kill takes it back as a whole. A lock of MySQL's ends
 * with its connection. In a cluster it would be known to one of the nodes only:
 * there those who migrate write Knex's own lock, a row, and one of them fails at its commit.
 */
async function takeTurn(db: Knex, patience: Ms): Promise<Turn> {
  if (!isMysql(db)) return { end: async () => {} };
  if (await isCluster(db)) return null;
  const connection: unknown = await db.client.acquireConnection();
  const ask = async (sql: string) => {
    const [[row]] = (await db.raw(sql).connection(connection)) as [[{ answer: number } | undefined]];
    return row?.answer === 1;
  };
  const end = async () => {
    await ask(`select release_lock(${TURN}) as answer`).catch(() => false);
    await db.client.releaseConnection(connection);
  };
  try {
    // It is idle while others work, and may be so for as long as the longest of their statements takes.
    await db.raw('set session wait_timeout = 86400').connection(connection);
    for (let waited = 0; waited <= patience; waited += SECOND) {
      if (await ask(`select get_lock(${TURN}, 1) as answer`)) return { end };
    }
    throw new MigrationUnderWay('another process is migrating the database');
  } catch (error) {
    // A connection that is not given back would keep the store from closing.
    await end();
    throw error;
  }
}

/** One server may hold the databases of several installations. A name may have 64 characters. */
const TURN = "concat('homing migrate ', md5(database()))";

/** Galera, or a group of MySQL servers. TiDB's lock is known to all of it. */
async function isCluster(db: Knex): Promise<boolean> {
  const sql = "show variables where Variable_name in ('wsrep_on', 'group_replication_group_name')";
  const [rows] = (await db.raw(sql)) as [{ Value: string }[]];
  return rows.some(({ Value }) => Value !== '' && Value !== 'OFF');
}

/** A newer version may have migrated the database: what it did only adds, and this one goes on beside it. */
const OURS = { migrationSource: source, disableMigrationsListValidation: true };

async function latest(db: Knex, turn: Turn, patience: Ms): Promise<string[]> {
  for (let waited = 0; ; waited += PAUSE) {
    try {
      await prepareTables(db);
      const [, names] = (await db.migrate.latest(OURS)) as [number, string[]];
      return names.map((name) => source.getMigrationName(name));
    } catch (error) {
      if (!isRace(error) && !(turn === null && isRaceOfNodes(error))) throw error;
      if (waited >= patience) throw isLocked(error) ? new MigrationUnderWay(UNDER_WAY) : error;
      // Only a process that was killed leaves Knex's own lock to others.
      if (turn && isLocked(error)) await unlock(db);
      await sleep(PAUSE);
    }
  }
}

const UNDER_WAY = 'another process is migrating the database, or was killed while it did';

/** The names of the migrations that this database still lacks. */
export async function pendingMigrations(db: Knex): Promise<string[]> {
  if (!(await db.schema.hasTable('knex_migrations')))
    return (await source.getMigrations([])).map(source.getMigrationName);
  const [, pending] = (await db.migrate.list(OURS)) as [unknown, string[]];
  return pending.map((file) => source.getMigrationName(file));
}

/** The migration that was run last; null where none was. */
export async function lastMigration(db: Knex): Promise<string | null> {
  if (!(await db.schema.hasTable('knex_migrations'))) return null;
  const row: { name: string } | undefined = await db('knex_migrations').orderBy('name', 'desc').first('name');
  return row ? source.getMigrationName(row.name) : null;
}

/** Whether this version knows it. */
export async function isKnownMigration(name: string): Promise<boolean> {
  return (await source.getMigrations([])).some((file) => source.getMigrationName(file) === name);
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

/** Takes Knex's lock away. Does nothing while a process that migrates SQLite has the whole database locked. */
export async function unlock(db: Knex): Promise<void> {
  try {
    await prepareTables(db);
    await db('knex_migrations_lock').where({ is_locked: 1 }).update({ is_locked: 0 });
  } catch (error) {
    if (!isRace(error)) throw error;
  }
}

/**
 * In a cluster another node may make a column or an index between a look and the statement that would make it, and a change
 * that it has undone ends the connection (see `transact`).
 */
const isRaceOfNodes = (error: unknown): boolean => RACES_OF_NODES.has(String((error as { code?: unknown }).code));
const RACES_OF_NODES = new Set(['ER_DUP_KEYNAME', 'ER_DUP_FIELDNAME', 'PROTOCOL_CONNECTION_LOST']);

function isRace(error: unknown): boolean {
  const e = error as { name?: string; code?: string; message?: string };
  if (isLocked(error) || wasUndone(error) || e.code === 'ER_TABLE_EXISTS_ERROR' || e.code?.startsWith('SQLITE_BUSY'))
    return true;
  return /already exists|database is locked/.test(e.message ?? '');
}
