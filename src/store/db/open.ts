import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import knexModule, { type Knex } from 'knex';
import { type Ms, SECOND } from '../../core/time.ts';
import type { Turn } from '../../core/turn.ts';
import { createFileHealth, type FileHealth } from './file-health.ts';
import { LIMITS, type Limits, mysqlSettings } from './mysql.ts';
import { moduleName, type SqliteConnection, sqliteClient, withCode } from './sqlite.ts';
import { parseDatabaseUrl } from './url.ts';

const { knex } = knexModule;
const require = createRequire(import.meta.url);

/** The database, and what differs between the two kinds. Everything else in this folder is the same SQL for both. */
export type Store = {
  db: Knex;
  kind: 'sqlite' | 'mysql';
  /** Watches the file of an SQLite database; null for one in memory, and for a server. */
  file: FileHealth | null;
  close(): Promise<void>;
  /** Hears what each commit has changed, from whoever wants to tell of it. */
  heard?: (turns: readonly Turn[]) => void;
};

/** The database may lose what it has acknowledged, so Homing must not acknowledge anything on it. */
export class NotDurable extends Error {
  override readonly name = 'NotDurable';
}

export type OpenOptions = {
  /** Connections that were not used for so long are closed. An open one keeps the process from ending. */
  idle?: Ms;
  /** How long a server is waited for. */
  limits?: Limits;
};

/** A database by its URL (see `parseDatabaseUrl`). Connects on first use. */
export function openStore(url: string, { idle, limits = LIMITS }: OpenOptions = {}): Store {
  const place = parseDatabaseUrl(url);
  const pool = idle === undefined ? {} : { min: 0, idleTimeoutMillis: idle, reapIntervalMillis: idle / 2 };
  if (place.kind === 'sqlite') return openSqlite(place.file, pool);
  const db = knex({ ...QUIET, ...mysqlSettings(place, limits, pool) });
  return { db, kind: 'mysql', file: null, close: () => db.destroy() };
}

/** Knex writes to stdout, with the values of statements. Everything that it says there it throws as well. */
const quiet = () => {};
const QUIET = {
  log: { warn: quiet, error: quiet, debug: quiet, deprecate: quiet },
  // Otherwise the message of an error has the statement with all its values in it: bodies, subjects, addresses.
  compileSqlOnError: false,
};

function openSqlite(filename: string, lets: Knex.PoolConfig): Store {
  const file = filename === ':memory:' ? null : createFileHealth(filename, require.resolve(moduleName()));
  if (file) mkdirSync(dirname(filename), { recursive: true, mode: 0o700 });
  const db = knex({
    client: sqliteClient(file),
    ...QUIET,
    connection: { filename },
    useNullAsDefault: true,
    acquireConnectionTimeout: 15 * SECOND,
    // One connection for the process: a second one would block the whole process in its busy time-out while it waits
    // for the first.
    pool: {
      ...{ min: 1, max: 1, ...lets },
      afterCreate: (c: SqliteConnection, done: Done) => settle(done, c, () => makeDurable(c)),
    },
  });
  return { db, kind: 'sqlite', file, close: () => db.destroy() };
}

type Done = (error: Error | null, connection: unknown) => void;

function settle(done: Done, connection: unknown, work: () => void): void {
  try {
    work();
    done(null, connection);
  } catch (error) {
    done(withCode(error) as Error, connection);
  }
}

/**
 * WAL with `synchronous=FULL`: under NORMAL, the default of many builds in WAL mode, a power cut can undo acknowledged
 * transactions. The busy time-out is short because the driver is synchronous and a wait here blocks the process;
 * `transact` does the longer waiting for another writer. The switch to WAL happens once in the life of a file.
 */
function makeDurable(connection: SqliteConnection): void {
  connection.exec('PRAGMA busy_timeout=100');
  // Before the first table: only a file that is made so can give its room back bit by bit. For another one it would
  // change nothing and take the write lock, which somebody else may hold.
  if (pragmaOf(connection, 'page_count') === 0) connection.exec('PRAGMA auto_vacuum=INCREMENTAL');
  connection.exec('PRAGMA journal_mode=WAL');
  connection.exec('PRAGMA busy_timeout=20');
  connection.exec('PRAGMA synchronous=FULL');
  connection.exec('PRAGMA foreign_keys=ON');
  // What is deleted, subjects and addresses among it, is not to be found in the file any more.
  connection.exec('PRAGMA secure_delete=ON');
  // 64 MB. With the default of 2 MB a claim reads from disk once there are some 100,000 deliveries.
  connection.exec('PRAGMA cache_size=-65536');
  // Not mapped into memory: an error of the disk, or a file cut short, would end the process and not be an error.
  connection.exec('PRAGMA mmap_size=0');
  const level = pragmaOf(connection, 'synchronous');
  if (level !== 2) throw new NotDurable(`SQLite runs with synchronous=${String(level)} instead of 2 (FULL)`);
}

const pragmaOf = (connection: SqliteConnection, pragma: string): unknown =>
  Object.values(connection.prepare(`PRAGMA ${pragma}`).all()[0] ?? {})[0];

/** Rejects when the database can't be reached. */
export async function reachable(store: Store): Promise<void> {
  await store.db.raw('select 1');
}

/** Names each setting under which an acknowledged row could get lost; an empty list is good. */
export async function durabilityProblems(store: Store): Promise<string[]> {
  if (store.kind === 'sqlite') {
    const [{ synchronous } = { synchronous: null }] = (await store.db.raw('PRAGMA synchronous')) as {
      synchronous: number | null;
    }[];
    return synchronous === 2 ? [] : [`SQLite: synchronous is ${synchronous}, not 2 (FULL)`];
  }
  const variables = await mysqlVariables(store.db);
  const problems: string[] = [];
  const flush = variables.get('innodb_flush_log_at_trx_commit');
  if (flush !== '1') problems.push(`MySQL: innodb_flush_log_at_trx_commit is ${flush}, not 1`);
  if (variables.get('log_bin') === 'ON' && variables.get('sync_binlog') !== '1') {
    problems.push(`MySQL: sync_binlog is ${variables.get('sync_binlog')}, not 1, while the binary log is on`);
  }
  if (!/STRICT_(ALL|TRANS)_TABLES/.test(variables.get('sql_mode') ?? ''))
    problems.push('MySQL: sql_mode is not strict');
  return problems;
}

async function mysqlVariables(db: Knex): Promise<Map<string, string>> {
  const names = ['innodb_flush_log_at_trx_commit', 'log_bin', 'sync_binlog', 'sql_mode'];
  const [rows] = (await db.raw('SHOW VARIABLES WHERE Variable_name IN (?, ?, ?, ?)', names)) as [
    { Variable_name: string; Value: string }[],
  ];
  return new Map(rows.map((r) => [r.Variable_name, r.Value]));
}
