// A Knex dialect over a connection to an SQLite file, in this thread or in one of its own.
import { createRequire } from 'node:module';
import type { Knex } from 'knex';
import type { SqliteWorker } from './sqlite-worker.ts';

const require = createRequire(import.meta.url);

// biome-ignore lint/suspicious/noExplicitAny: Knex publishes no types for its dialect classes
const Base: any = require('knex/lib/dialects/sqlite3/index.js');
// biome-ignore lint/suspicious/noExplicitAny: same
const BaseTransaction: any = require('knex/lib/dialects/sqlite3/execution/sqlite-transaction.js');

/**
 * Takes the write lock at BEGIN. In WAL mode a transaction that reads first and writes later fails at once when another
 * has written meanwhile.
 */
class ImmediateTransaction extends BaseTransaction {
  begin(connection: unknown): unknown {
    return this.query(connection, this.readOnly ? 'BEGIN;' : 'BEGIN IMMEDIATE;');
  }
}

/** Of the one connection Knex needs to know no more than that it is there. */
const CONNECTION = {};

type Query = { sql: string; bindings?: unknown[]; response?: unknown; context?: unknown };

export function sqliteClient(worker: SqliteWorker): typeof Knex.Client {
  class NodeSqliteClient extends Base {
    _driver(): unknown {
      return worker;
    }

    transaction(...args: unknown[]): unknown {
      return Reflect.construct(ImmediateTransaction, [this, ...args]);
    }

    async acquireRawConnection(): Promise<object> {
      await worker.open();
      return CONNECTION;
    }

    async destroyRawConnection(): Promise<void> {
      await worker.close();
    }

    async runEach(_connection: object, sql: string, each: readonly (readonly unknown[])[]): Promise<void> {
      await worker.runEach(sql, each);
    }

    async _query(_connection: object, query: Query): Promise<unknown> {
      if (!query.sql) throw new Error('The query is empty');
      const ran = await worker.run(query.sql, query.bindings ?? []);
      if ('rows' in ran) query.response = ran.rows.map(toPlainRow);
      else {
        const { changed } = ran;
        query.response = changed;
        query.context = { lastID: Number(changed.lastInsertRowid), changes: Number(changed.changes) };
      }
      return query;
    }
  }
  Object.assign(NodeSqliteClient.prototype, { driverName: 'node:sqlite' });
  return NodeSqliteClient as unknown as typeof Knex.Client;
}

/** The driver's rows have no prototype, and its blobs are plain Uint8Arrays. */
function toPlainRow(row: Record<string, unknown>): Record<string, unknown> {
  for (const name in row) {
    const value = row[name];
    if (value instanceof Uint8Array) row[name] = Buffer.from(value);
  }
  return Object.setPrototypeOf(row, Object.prototype) as Record<string, unknown>;
}
