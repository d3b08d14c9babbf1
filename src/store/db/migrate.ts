import { randomUUID } from 'node:crypto';
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
    const ran = await latest(db, turn, patience);
    await turn.end();
    return ran;
  } catch (error) {
    // The first error is the one to tell.
    await turn.end().catch(() => {});
    throw error;
  }
}

/** Whoever has it is the only one to migrate; `isKept` when it is not lost with a connection. */
type Turn = { isKept: boolean; end(): Promise<void> };

/** SQLite needs none: there a migration is one transaction, so that a kill takes it back as a whole. */
async function takeTurn(db: Knex, patience: Ms): Promise<Turn> {
  if (!isMysql(db)) return { isKept: false, end: async () => {} };
  return (await isCluster(db)) ? takeTurnOfNodes(db, patience) : takeTurnOfServer(db, patience);
}

/** A lock of MySQL's, which ends with its connection. */
async function takeTurnOfServer(db: Knex, patience: Ms): Promise<Turn> {
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
      if (await ask(`select get_lock(${TURN}, 1) as answer`)) return { isKept: false, end };
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

/**
 * Such a lock would be known to one node only, so here it is a row. It stays when its owner is killed: nothing tells the
 * nodes that somebody is gone. Each statement is a transaction of its own: before the first change of a table MySQL
 * commits what Knex has locked, and a node does not say so when it has lost against another.
 */
async function takeTurnOfNodes(db: Knex, patience: Ms): Promise<Turn> {
  const mine = randomUUID();
  const isMine = async () => {
    await db.raw(`create table if not exists ${LOCK} (id int primary key, holder varchar(36))`);
    await insertNew(db, LOCK, { id: 1, holder: null }, 'id');
    await db(LOCK).where({ holder: null }).update({ holder: mine });
    // Read, because the answer to a change that was made may have been lost.
    return (await db(LOCK).where({ holder: mine }).first('id')) !== undefined;
  };
  for (let waited = 0; waited <= patience; waited += PAUSE) {
    if (await isMine().catch(unlessRace)) return { isKept: true, end: () => freeTurn(db, mine) };
    await sleep(PAUSE);
  }
  throw new MigrationUnderWay(UNDER_WAY);
}

const LOCK = 'migration_lock';
const TRIES = 20;

/** Tried for some seconds, because a row that stays keeps all others out; rejects when it stays. */
async function freeTurn(db: Knex, holder: string): Promise<void> {
  for (let n = 1; n < TRIES; n++) {
    const free = db(LOCK).where({ holder }).update({ holder: null });
    if ((await free.catch(unlessRace)) !== false) return;
    await sleep(PAUSE);
  }
  await db(LOCK).where({ holder }).update({ holder: null });
}

function unlessRace(error: unknown): false {
  if (isRace(error) || isLost(error)) return false;
  throw error;
}

/** Galera, or a group of MySQL servers. TiDB's lock is known to all of it. */
async function isCluster(db: Knex): Promise<boolean> {
  const sql = "show variables where Variable_name in ('wsrep_on', 'group_replication_group_name')";
  const [rows] = (await db.raw(sql)) as [{ Value: string }[]];
  return rows.some(({ Value }) => Value !== '' && Value !== 'OFF');
}

/** A newer version may have migrated the database: what it did only adds, and this one goes on beside it. */
const OURS = { migrationSource: source, disableMigrationsListValidation: true };

async function latest(db: Knex, { isKept }: Turn, patience: Ms): Promise<string[]> {
  for (let waited = 0; ; waited += PAUSE) {
    try {
      await prepareTables(db);
      const [, names] = (await db.migrate.latest(OURS)) as [number, string[]];
      return names.map((name) => source.getMigrationName(name));
    } catch (error) {
      if (!isRace(error) && !(isKept && isLost(error))) throw error;
      if (waited >= patience) throw isLocked(error) ? new MigrationUnderWay(UNDER_WAY) : error;
      // Only a process that was killed leaves Knex's own lock to others.
      if (isLocked(error)) await unlockKnex(db);
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

/** Takes away the locks that a process left when it was killed. */
export async function unlock(db: Knex): Promise<void> {
  await unlockKnex(db);
  if (await db.schema.hasTable(LOCK)) await db(LOCK).update({ holder: null });
}

/** Does nothing while a process that migrates SQLite has the whole database locked. */
async function unlockKnex(db: Knex): Promise<void> {
  try {
    await prepareTables(db);
    await db('knex_migrations_lock').where({ is_locked: 1 }).update({ is_locked: 0 });
  } catch (error) {
    if (!isRace(error)) throw error;
  }
}

/** A node may end the connection of a change that it has undone (see `transact`). */
const isLost = (error: unknown): boolean => (error as { code?: unknown }).code === 'PROTOCOL_CONNECTION_LOST';

function isRace(error: unknown): boolean {
  const e = error as { name?: string; code?: string; message?: string };
  if (isLocked(error) || wasUndone(error) || e.code === 'ER_TABLE_EXISTS_ERROR' || e.code?.startsWith('SQLITE_BUSY'))
    return true;
  return /already exists|database is locked/.test(e.message ?? '');
}
