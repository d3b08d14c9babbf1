// A Knex dialect over the node:sqlite API: the built-in module from Node 22.13 on, below that @photostructure/sqlite,
// which offers the same API with prebuilt binaries inside its npm package.
import { createRequire } from 'node:module';
import type { Knex } from 'knex';
import type { FileHealth } from './file-health.ts';

const require = createRequire(import.meta.url);

type Statement = {
  all(...bindings: unknown[]): Record<string, unknown>[];
  run(...bindings: unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  columns(): unknown[];
};
export type SqliteConnection = { prepare(sql: string): Statement; exec(sql: string): void; close(): void };
type SqliteModule = { DatabaseSync: new (file: string, options?: Record<string, unknown>) => SqliteConnection };

/** The driver's module. */
export function moduleName(): string {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 13) ? 'node:sqlite' : '@photostructure/sqlite';
}

// biome-ignore lint/suspicious/noExplicitAny: Knex publishes no types for its dialect classes
const Base: any = require('knex/lib/dialects/sqlite3/index.js');
// biome-ignore lint/suspicious/noExplicitAny: same
const BaseTransaction: any = require('knex/lib/dialects/sqlite3/execution/sqlite-transaction.js');

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

/**
 * Takes the write lock at BEGIN. In WAL mode a transaction that reads first and writes later fails at once when another
 * has written meanwhile.
 */
class ImmediateTransaction extends BaseTransaction {
  begin(connection: unknown): unknown {
    return this.query(connection, this.readOnly ? 'BEGIN;' : 'BEGIN IMMEDIATE;');
  }
}

const PRAGMA = /^pragma /i;

/** Knex's dialect over a file, or over a database in memory, which has no health to watch. */
export function sqliteClient(health: FileHealth | null): typeof Knex.Client {
  class NodeSqliteClient extends Base {
    _driver(): SqliteModule {
      return require(moduleName()) as SqliteModule;
    }

    transaction(...args: unknown[]): unknown {
      return Reflect.construct(ImmediateTransaction, [this, ...args]);
    }

    async acquireRawConnection(): Promise<SqliteConnection> {
      const driver = this.driver as SqliteModule;
      try {
        health?.opening();
        const connection = new driver.DatabaseSync(this.connectionSettings.filename as string);
        health?.opened(connection);
        return connection;
      } catch (error) {
        throw withCode(error);
      }
    }

    async destroyRawConnection(connection: SqliteConnection): Promise<void> {
      try {
        connection.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      } catch {
        // Another process has the file open, and does the checkpoint when it closes it.
      }
      connection.close();
    }

    async _query(connection: SqliteConnection, query: Query): Promise<unknown> {
      if (!query.sql) throw new Error('The query is empty');
      try {
        runOn(connection, query, health);
        return query;
      } catch (error) {
        health?.failed(withCode(error));
        throw error;
      }
    }
  }
  Object.assign(NodeSqliteClient.prototype, { driverName: 'node:sqlite' });
  return NodeSqliteClient as unknown as typeof Knex.Client;
}

type Query = { sql: string; bindings?: unknown[]; response?: unknown; context?: unknown };

function runOn(connection: SqliteConnection, query: Query, health: FileHealth | null): void {
  const { sql } = query;
  const bindings = (query.bindings ?? []).map(toBinding);
  const statement = connection.prepare(sql);
  // Some pragmas give no columns and do their work row by row all the same.
  if (statement.columns().length > 0 || PRAGMA.test(sql)) {
    query.response = statement.all(...bindings).map(toPlainRow);
    return;
  }
  const isGuarded = health !== null && !ROLLBACK.test(sql);
  if (isGuarded) health.guard(connection);
  const result = statement.run(...bindings);
  // Again, as nobody may hear of it as done when the file went away meanwhile.
  if (isGuarded) health.guard(connection);
  query.response = result;
  query.context = { lastID: Number(result.lastInsertRowid), changes: Number(result.changes) };
}

const ROLLBACK = /^rollback/i;

function toBinding(value: unknown): unknown {
  if (value instanceof Date) return value.getTime(); // Knex's own bookkeeping of migrations
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value === undefined ? null : value;
}

/** The driver's rows have no prototype, and its blobs are plain Uint8Arrays. */
function toPlainRow(row: Record<string, unknown>): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row))
    plain[name] = value instanceof Uint8Array ? Buffer.from(value) : value;
  return plain;
}

/** Gives an error of the driver, which has only a number, the name that the rest of the program asks for. */
export function withCode(error: unknown): unknown {
  const e = error as { errcode?: number; code?: string };
  if (typeof e.errcode === 'number') e.code = CODES[e.errcode] ?? CODES[e.errcode & 0xff] ?? 'SQLITE_ERROR';
  return error;
}
