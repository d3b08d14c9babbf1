// A connection to an SQLite file over the node:sqlite API: the built-in module from Node 22.13 on, below that
// @photostructure/sqlite, which offers the same API with prebuilt binaries inside its npm package. Its calls are synchronous.
import { createRequire } from 'node:module';
import type { Ms } from '../../core/time.ts';
import { createFileHealth, type FileHealth } from './file-health.ts';
import { NotDurable } from './trouble.ts';

const require = createRequire(import.meta.url);

type Statement = {
  all(...bindings: unknown[]): Record<string, unknown>[];
  run(...bindings: unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  columns(): unknown[];
};
type Connection = { prepare(sql: string): Statement; exec(sql: string): void; close(): void };
type SqliteModule = { DatabaseSync: new (file: string, options?: Record<string, unknown>) => Connection };

/** What a statement came to: its rows, or what it changed. */
export type Ran =
  | { rows: Record<string, unknown>[] }
  | { changed: { changes: number | bigint; lastInsertRowid: number | bigint } };

/** The one connection to a file. It can be opened again after it was closed. */
export type SqliteFile = {
  open(): void;
  run(sql: string, bindings: readonly unknown[]): Ran;
  /** Runs a statement once with each of these values, all or none. */
  runEach(sql: string, each: readonly (readonly unknown[])[]): void;
  close(): void;
  /** Null for a database in memory. */
  health: FileHealth | null;
};

/** The driver's module. */
export function moduleName(): string {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 13) ? 'node:sqlite' : '@photostructure/sqlite';
}

export type HowToRun = {
  /** How long a statement waits in here for another writer. */
  busy: Ms;
  /** Pages in the log beyond which a commit moves them into the file. */
  checkpoint: number;
  /** Megabytes of the file that are kept in memory. */
  cache: number;
  /** Somebody else in this process has opened the file before: one that is gone is not made anew. */
  isThere?: boolean;
};

export function sqliteFile(filename: string, how: HowToRun): SqliteFile {
  const name = moduleName();
  const { DatabaseSync } = require(name) as SqliteModule;
  const health =
    filename === ':memory:' ? null : createFileHealth(filename, require.resolve(name), how.isThere === true);
  let connection: Remembering | null = null;

  function opened(): Remembering {
    if (connection === null) throw new Error('the connection is closed');
    return connection;
  }

  /** Notes an error of the driver that tells of the file. */
  function noted<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      health?.failed(withCode(error));
      throw error;
    }
  }

  return {
    open() {
      try {
        health?.opening();
        const fresh = remembering(new DatabaseSync(filename));
        health?.opened(fresh);
        makeDurable(fresh, how);
        connection = fresh;
      } catch (error) {
        throw withCode(error);
      }
    },
    run: (sql, bindings) => noted(() => runOn(opened(), sql, bindings.map(toBinding), health)),
    runEach: (sql, each) => noted(() => runEachOn(opened(), sql, each, health)),
    close() {
      const closing = opened();
      connection = null;
      try {
        closing.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      } catch {
        // Another process has the file open, and does the checkpoint when it closes it.
      }
      closing.close();
    },
    health,
  };
}

/** Statements that are kept compiled: the same ones are run over and over, and those of many rows take long to compile. */
const MOST_KEPT = 200;

/** A statement that is compiled, and whether it gives rows. */
type Prepared = { statement: Statement; givesRows: boolean };
type Remembering = Pick<Connection, 'exec' | 'close'> & {
  prepare(sql: string): Prepared;
  /** Whether a transaction was begun and is not over. */
  isWithin: boolean;
};

function remembering(connection: Connection): Remembering {
  const kept = new Map<string, Prepared>();
  return {
    isWithin: false,
    exec: (sql) => connection.exec(sql),
    close: () => connection.close(),
    prepare(sql) {
      const prepared = kept.get(sql) ?? prepare(connection, sql);
      // The one that was used last stands at the end.
      kept.delete(sql);
      kept.set(sql, prepared);
      const [oldest] = kept.keys();
      if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
      return prepared;
    },
  };
}

const PRAGMA = /^pragma /i;

function prepare(connection: Connection, sql: string): Prepared {
  const statement = connection.prepare(sql);
  // Some pragmas give no columns and do their work row by row all the same.
  return { statement, givesRows: PRAGMA.test(sql) || statement.columns().length > 0 };
}

/**
 * WAL with `synchronous=FULL`: under NORMAL, the default of many builds in WAL mode, a power cut can undo acknowledged
 * transactions. The switch to WAL happens once in the life of a file.
 */
function makeDurable(connection: Remembering, { busy, checkpoint, cache }: HowToRun): void {
  connection.exec('PRAGMA busy_timeout=100');
  // Before the first table: only a file that is made so can give its room back bit by bit, and an event fills half a page
  // of the usual size. For another file it would change nothing and take the write lock, which somebody else may hold.
  if (pragmaOf(connection, 'page_count') === 0)
    connection.exec('PRAGMA page_size=8192; PRAGMA auto_vacuum=INCREMENTAL');
  connection.exec('PRAGMA journal_mode=WAL');
  connection.exec(`PRAGMA busy_timeout=${busy}`);
  connection.exec(`PRAGMA wal_autocheckpoint=${checkpoint}`);
  connection.exec('PRAGMA synchronous=FULL');
  connection.exec('PRAGMA foreign_keys=ON');
  // What is deleted, subjects and addresses among it, is not to be found in the file any more.
  connection.exec('PRAGMA secure_delete=ON');
  // With the default of 2 MB a claim reads from disk once there are some 100,000 deliveries.
  connection.exec(`PRAGMA cache_size=-${cache * 1024}`);
  // Not mapped into memory: an error of the disk, or a file cut short, would end the process and not be an error.
  connection.exec('PRAGMA mmap_size=0');
  const level = pragmaOf(connection, 'synchronous');
  if (level !== 2) throw new NotDurable(`SQLite runs with synchronous=${String(level)} instead of 2 (FULL)`);
}

const pragmaOf = (connection: Remembering, pragma: string): unknown =>
  Object.values(connection.prepare(`PRAGMA ${pragma}`).statement.all()[0] ?? {})[0];

const BEGIN = /^begin/i;
const END = /^(commit|rollback);?$/i;
const ROLLBACK = /^rollback/i;

function runOn(connection: Remembering, sql: string, bindings: unknown[], health: FileHealth | null): Ran {
  const { statement, givesRows } = connection.prepare(sql);
  if (givesRows) return { rows: statement.all(...bindings) };
  if (END.test(sql)) connection.isWithin = false;
  const run = () => statement.run(...bindings);
  const changed = ROLLBACK.test(sql) ? run() : guarded(connection, health, run);
  if (BEGIN.test(sql)) connection.isWithin = true;
  return { changed };
}

/**
 * Looks at the file before something is committed, and again afterwards, as nobody may hear of it as done when the file went
 * away meanwhile. Within a transaction that is for its COMMIT.
 */
function guarded<T>(connection: Remembering, health: FileHealth | null, work: () => T): T {
  if (connection.isWithin) return work();
  health?.guard(connection);
  const result = work();
  health?.guard(connection);
  return result;
}

/** One statement that is compiled once takes half the time of one with all the rows in it. */
function runEachOn(
  connection: Remembering,
  sql: string,
  each: readonly (readonly unknown[])[],
  health: FileHealth | null,
): void {
  const { statement } = connection.prepare(sql);
  guarded(connection, health, () => {
    connection.exec('SAVEPOINT each_row');
    try {
      for (const bindings of each) statement.run(...bindings.map(toBinding));
      connection.exec('RELEASE each_row');
    } catch (error) {
      undo(connection);
      throw error;
    }
  });
}

/** After some errors, such as a full disk, SQLite has undone all of it already. */
function undo(connection: Remembering): void {
  try {
    connection.exec('ROLLBACK TO each_row; RELEASE each_row');
  } catch {
    // There is nothing left to undo.
  }
}

function toBinding(value: unknown): unknown {
  if (value instanceof Date) return value.getTime(); // Knex's own bookkeeping of migrations
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value === undefined ? null : value;
}

/**
 * The names of SQLite's error codes. For an extended code that is not listed the name of its primary code (the last
 * byte) is used.
 */
const CODES: Record<number, string> = {
  2: 'SQLITE_INTERNAL',
  3: 'SQLITE_PERM',
  4: 'SQLITE_ABORT',
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  7: 'SQLITE_NOMEM',
  8: 'SQLITE_READONLY',
  9: 'SQLITE_INTERRUPT',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  15: 'SQLITE_PROTOCOL',
  17: 'SQLITE_SCHEMA',
  18: 'SQLITE_TOOBIG',
  19: 'SQLITE_CONSTRAINT',
  20: 'SQLITE_MISMATCH',
  23: 'SQLITE_AUTH',
  26: 'SQLITE_NOTADB',
  261: 'SQLITE_BUSY_RECOVERY',
  517: 'SQLITE_BUSY_SNAPSHOT',
  1555: 'SQLITE_CONSTRAINT_PRIMARYKEY',
  2067: 'SQLITE_CONSTRAINT_UNIQUE',
};

/** Gives an error of the driver, which has only a number, the name that the rest of the program asks for. */
function withCode(error: unknown): unknown {
  const e = error as { errcode?: number; code?: string };
  if (typeof e.errcode === 'number') e.code = CODES[e.errcode] ?? CODES[e.errcode & 0xff] ?? 'SQLITE_ERROR';
  return error;
}
