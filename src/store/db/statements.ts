// Statements that are the same for every table.
import type { Knex } from 'knex';
import { sizeOf } from './size.ts';
import { chunks } from './transact.ts';

/**
 * Inserts the rows whose key is not in the table yet, and leaves those that are as they are. MySQL's `INSERT IGNORE`
 * would also turn the errors of strict mode into warnings, and cut or change values that do not fit.
 */
export async function insertNew(
  db: Knex,
  table: string,
  rows: object | readonly object[],
  key: string | readonly string[],
): Promise<void> {
  const keys = typeof key === 'string' ? [key] : [...key];
  const all: readonly object[] = Array.isArray(rows) ? rows : [rows];
  for (const part of inStatements(all, 200)) {
    if (runsEach(db.client)) await insertEach(db, table, part, keys);
    else await db(table).insert(part).onConflict(keys).merge(keys.slice(0, 1));
  }
}

/** Our dialect of SQLite. */
type RunsEach = {
  acquireConnection(): Promise<object>;
  releaseConnection(connection: object): Promise<void>;
  runEach(connection: object, sql: string, each: readonly (readonly unknown[])[]): Promise<void>;
  /** As Knex tells of its statements. */
  emit(event: 'query', query: { sql: string; bindings: readonly unknown[] }): void;
};

const runsEach = (client: unknown): client is RunsEach => 'runEach' in (client as object);

async function insertEach(
  { client }: { client: RunsEach },
  table: string,
  rows: readonly object[],
  keys: readonly string[],
): Promise<void> {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const names = columns.map((name) => `\`${name}\``).join(', ');
  const sql = `insert into \`${table}\` (${names}) values (${columns.map(() => '?').join(', ')}) on conflict (${keys.map((key) => `\`${key}\``).join(', ')}) do nothing`;
  const each = rows.map((row) => columns.map((name) => (row as Record<string, unknown>)[name] ?? null));
  const connection = await client.acquireConnection();
  try {
    client.emit('query', { sql, bindings: each[0] ?? [] });
    await client.runEach(connection, sql, each);
  } finally {
    await client.releaseConnection(connection);
  }
}

type Sums = { kind: 'sqlite' | 'mysql'; table: string; keys: readonly string[]; sums: readonly string[] };

/** Adds to what is counted under the keys of these rows, in the order in which they are given; each stands there once. */
export async function addUp(db: Knex, { kind, table, keys, sums }: Sums, rows: readonly object[]): Promise<void> {
  const plus = (column: string) =>
    kind === 'mysql'
      ? db.raw('?? + values(??)', [column, column])
      : db.raw('?? + ??', [`${table}.${column}`, `excluded.${column}`]);
  const sum = Object.fromEntries(sums.map((column) => [column, plus(column)]));
  for (const part of inStatements(rows, 200))
    await db(table)
      .insert(part)
      .onConflict([...keys])
      .merge(sum);
}

/** Bytes of the values in one statement: below the smallest packet limit in use, which is 1 MB. */
const STATEMENT_BYTES = 700_000;

/** Splits rows for statements with a bounded number of them, and of bytes. */
export function inStatements<T extends object>(rows: readonly T[], most: number): T[][] {
  const parts: T[][] = [];
  let size = 0;
  for (const row of rows) {
    const more = bytesOf(row);
    const last = parts.at(-1);
    if (last && last.length < most && size + more <= STATEMENT_BYTES) {
      last.push(row);
      size += more;
    } else {
      parts.push([row]);
      size = more;
    }
  }
  return parts;
}

const bytesOf = (row: object): number =>
  Object.values(row).reduce((sum: number, value: unknown) => sum + 16 + sizeOf(value), 0);

/** Deletes the rows whose column has one of these values, however many values there are. */
export async function deleteBy(
  tx: Knex.Transaction,
  table: string,
  column: string,
  values: readonly string[],
): Promise<number> {
  let deleted = 0;
  for (const part of chunks(values, 500)) deleted += await tx(table).whereIn(column, part).delete();
  return deleted;
}
