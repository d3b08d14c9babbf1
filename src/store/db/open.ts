import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import knexModule, { type Knex } from 'knex';
import { type Ms, SECOND } from '../../core/time.ts';
import type { Turn } from '../../core/turn.ts';
import type { FileWatch } from './file-health.ts';
import { LIMITS, type Limits, mysqlSettings } from './mysql.ts';
import { sqliteClient } from './sqlite.ts';
import { workHere, workInThread } from './sqlite-worker.ts';
import { parseDatabaseUrl, placeOf, type Server } from './url.ts';

const { knex } = knexModule;

/** The database, and what differs between the two kinds. Everything else in this folder is the same SQL for both. */
export type Store = {
  db: Knex;
  kind: 'sqlite' | 'mysql';
  /** Statements run in this thread, which can do nothing else meanwhile. */
  isSynchronous: boolean;
  /** Watches the file of an SQLite database; null for one in memory, and for a server. */
  file: FileWatch | null;
  /** The server that is asked now; null before any was, and for an SQLite file. */
  server(): Server | null;
  close(): Promise<void>;
  /** Hears that another server is asked from now on: its host and port. */
  moved?: (to: string) => void;
  /** Hears what each commit has changed, from whoever wants to tell of it. */
  heard?: (turns: readonly Turn[]) => void;
};

export type OpenOptions = {
  /** Connections that were not used for so long are closed. An open one keeps the process from ending. */
  idle?: Ms;
  /** How long a server is waited for. */
  limits?: Limits;
  /** An SQLite file is worked on in a thread of its own. */
  inThread?: boolean;
  /** Somebody else in this process has opened the SQLite file before: one that is gone is not made anew. */
  isThere?: boolean;
};

/** A database by its URL (see `parseDatabaseUrl`). Connects on first use. */
export function openStore(
  url: string,
  { idle, limits = LIMITS, inThread = false, isThere = false }: OpenOptions = {},
): Store {
  const place = parseDatabaseUrl(url);
  const pool = idle === undefined ? {} : { min: 0, idleTimeoutMillis: idle, reapIntervalMillis: idle / 2 };
  if (place.kind === 'sqlite') return openSqlite(place.file, pool, inThread, isThere);
  return openServers([place, ...place.others], limits, pool);
}

function openServers(all: readonly Server[], limits: Limits, pool: Knex.PoolConfig): Store {
  const { settings, nodes } = mysqlSettings({ all, moved: (to) => store.moved?.(placeOf(to)) }, limits, pool);
  const db = knex({ ...QUIET, ...settings });
  const close = () => db.destroy();
  const store: Store = { db, kind: 'mysql', isSynchronous: false, file: null, server: nodes.now, close };
  return store;
}

/** Knex writes to stdout, with the values of statements. Everything that it says there it throws as well. */
const quiet = () => {};
const QUIET = {
  log: { warn: quiet, error: quiet, debug: quiet, deprecate: quiet },
  // Otherwise the message of an error has the statement with all its values in it: bodies, subjects, addresses.
  compileSqlOnError: false,
};

function openSqlite(filename: string, lets: Knex.PoolConfig, inThread: boolean, isThere: boolean): Store {
  if (filename !== ':memory:') mkdirSync(dirname(filename), { recursive: true, mode: 0o700 });
  const worker = inThread ? workInThread(filename, isThere) : workHere(filename, isThere);
  const db = knex({
    client: sqliteClient(worker),
    ...QUIET,
    connection: { filename },
    useNullAsDefault: true,
    acquireConnectionTimeout: 15 * SECOND,
    // One connection: a second one would have to wait for the first with each of its writes.
    pool: { min: 1, max: 1, ...lets },
  });
  const close = async () => {
    await db.destroy();
    await worker.end();
  };
  return { db, kind: 'sqlite', isSynchronous: !inThread, file: worker.file, server: () => null, close };
}

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
