// Statements that are the same for every table.
import type { Knex } from 'knex';
import { sizeOf } from './size.ts';
import { chunks } from './transact.ts';

/** Inserts rows whose keys are new; it is an error when one is not. */
export const insertRows = (db: Knex, table: string, rows: readonly object[]): Promise<void> =>
  write(db, { table, rows, ifKnown: { key: [], set: [] } });

/**
 * Inserts the rows whose key is not in the table yet, and leaves those that are as they are. MySQL's `INSERT IGNORE`
 * would also turn the errors of strict mode into warnings, and cut or change values that do not fit.
 */
export function insertNew(
  db: Knex,
  table: string,
  rows: object | readonly object[],
  key: string | readonly string[],
): Promise<void> {
  const all: readonly object[] = Array.isArray(rows) ? rows : [rows];
  return write(db, { table, rows: all, ifKnown: { key: [key].flat(), set: [] } });
}

/** Inserts rows; of those whose key is in the table already it changes these columns. */
export const putRows = (
  db: Knex,
  table: string,
  rows: readonly object[],
  { key, columns }: { key: string | readonly string[]; columns: readonly string[] },
): Promise<void> => write(db, { table, rows, ifKnown: { key: [key].flat(), set: columns } });

type Sums = { table: string; keys: readonly string[]; sums: readonly string[] };

/** Adds to what is counted under the keys of these rows, in the order in which they are given; each stands there once. */
export const addUp = (db: Knex, { table, keys, sums }: Sums, rows: readonly object[]): Promise<void> =>
  write(db, { table, rows, ifKnown: { key: keys, set: sums, isSum: true } });

/** What of a row is changed whose key is in the table already. Without a key that is an error. */
type IfKnown = { key: readonly string[]; set: readonly string[]; isSum?: boolean };
type Write = { table: string; rows: readonly object[]; ifKnown: IfKnown };

type Rows = { columns?: string; table: string; key: string; isLocked?: boolean };

/**
 * Reads the rows whose column `key` has one of these values, in the order of that column. With `isLocked` nobody else can
 * change them until the transaction ends: a server locks the rows, and SQLite the whole file, at its beginning.
 */
export async function rowsWith<T>(
  db: Knex,
  { columns = '*', table, key, isLocked = false }: Rows,
  values: readonly string[],
): Promise<T[]> {
  if (values.length === 0) return [];
  const client = db.client as Client;
  const places = values.map(() => '?').join(', ');
  const sql = `select ${columns} from ${named(table)} where ${named(key)} in (${places}) order by ${named(key)}`;
  return onConnection(client, async (connection) => {
    const lock = isLocked && !client.runEach ? ' for update' : '';
    const { response } = await client.query(connection, { sql: sql + lock, bindings: values });
    return (client.runEach ? response : response[0]) as T[];
  });
}

/** Our dialect of SQLite, or that of a server, which answers with rows and what they are. */
type Client = {
  acquireConnection(): Promise<object>;
  releaseConnection(connection: object): Promise<void>;
  query(
    connection: object,
    query: { sql: string; bindings: readonly unknown[] },
  ): Promise<{ response: readonly unknown[] }>;
  runEach?(connection: object, sql: string, each: readonly (readonly unknown[])[]): Promise<void>;
  /** As Knex tells of its statements. */
  emit(event: 'query', query: { sql: string; bindings: readonly unknown[] }): void;
};

/**
 * SQLite gets one statement, compiled once, and runs it for each row; a server gets statements of many rows. Knex is left
 * out, which takes longer to put a statement of many rows together than the database takes to run it.
 */
async function write(db: Knex, { table, rows, ifKnown }: Write): Promise<void> {
  if (rows.length === 0) return;
  const client = db.client as Client;
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const valuesOf = (row: object) => columns.map((name) => (row as Record<string, unknown>)[name] ?? null);
  await onConnection(client, async (connection) => {
    if (client.runEach) {
      const sql = `${intoSql(table, columns, 1)}${conflictSql(table, ifKnown)}`;
      const each = rows.map(valuesOf);
      client.emit('query', { sql, bindings: each[0] ?? [] });
      await client.runEach(connection, sql, each);
    } else
      for (const part of inStatements(rows, 200)) {
        const sql = `${intoSql(table, columns, part.length)}${duplicateSql(ifKnown)}`;
        await client.query(connection, { sql, bindings: part.flatMap(valuesOf) });
      }
  });
}

async function onConnection<T>(client: Client, work: (connection: object) => Promise<T>): Promise<T> {
  const connection = await client.acquireConnection();
  try {
    return await work(connection);
  } finally {
    await client.releaseConnection(connection);
  }
}

const named = (name: string): string => `\`${name}\``;
const list = (names: readonly string[]): string => names.map(named).join(', ');

function intoSql(table: string, columns: readonly string[], rows: number): string {
  const row = `(${columns.map(() => '?').join(', ')})`;
  return `insert into ${named(table)} (${list(columns)}) values ${Array(rows).fill(row).join(', ')}`;
}

function conflictSql(table: string, { key, set, isSum }: IfKnown): string {
  if (key.length === 0) return '';
  if (set.length === 0) return ` on conflict (${list(key)}) do nothing`;
  const sum = (name: string) => (isSum ? `${named(table)}.${named(name)} + ` : '');
  const changes = set.map((name) => `${named(name)} = ${sum(name)}excluded.${named(name)}`);
  return ` on conflict (${list(key)}) do update set ${changes.join(', ')}`;
}

/** Where nothing is to change, the key is set to what it is. */
function duplicateSql({ key, set, isSum }: IfKnown): string {
  if (key.length === 0) return '';
  const sum = (name: string) => (isSum ? `${named(name)} + ` : '');
  const changes = (set.length > 0 ? set : key.slice(0, 1)).map(
    (name) => `${named(name)} = ${sum(name)}values(${named(name)})`,
  );
  return ` on duplicate key update ${changes.join(', ')}`;
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
