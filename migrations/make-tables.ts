import type { Knex } from 'knex';

export const isMysql = (db: Knex): boolean => db.client.driverName === 'mysql2';

export type Tables = Record<string, (t: Knex.CreateTableBuilder) => void>;

/*
 * Rules of all migrations: times are integer milliseconds UTC, JSON is text, ids are strings compared byte by byte
 * (MySQL's default collation merges `AbC`, `abc` and `ÁbC`). MySQL commits each DDL statement at once, so every step
 * can be repeated.
 */
export async function makeTables(db: Knex, tables: Tables): Promise<void> {
  for (const [name, columns] of Object.entries(tables)) {
    if (isMysql(db)) await makeOnMysql(db, name, columns);
    else if (!(await db.schema.hasTable(name))) await db.schema.createTable(name, columns);
  }
}

/** Each key is a statement of its own, and a process may have been killed between the table and its keys. */
async function makeOnMysql(db: Knex, name: string, columns: Tables[string]): Promise<void> {
  const table = db.schema.createTable(name, (t) => {
    // SQLite compares byte by byte anyway, and Knex refuses these two on it.
    t.charset('utf8mb4');
    t.collate('utf8mb4_bin');
    columns(t);
  });
  for (const { sql } of table.toSQL() as unknown as { sql: string }[]) {
    await db.raw(sql).catch((error: { code?: string }) => {
      if (!IS_THERE.has(error.code ?? '')) throw error;
    });
  }
}

/** What MySQL says of a table, an index and a primary key that were made before. */
const IS_THERE: ReadonlySet<string> = new Set(['ER_TABLE_EXISTS_ERROR', 'ER_DUP_KEYNAME', 'ER_MULTIPLE_PRI_KEY']);

export async function dropTables(db: Knex, tables: Tables): Promise<void> {
  for (const name of Object.keys(tables).reverse()) await db.schema.dropTableIfExists(name);
}

type Column = (t: Knex.AlterTableBuilder) => unknown;

/** Adds the columns that are not there yet. */
export async function addColumns(db: Knex, table: string, columns: Record<string, Column>): Promise<void> {
  for (const [name, column] of Object.entries(columns)) {
    if (await db.schema.hasColumn(table, name)) continue;
    await db.schema.alterTable(table, (t) => void column(t));
  }
}

/** By a statement of our own: Knex would copy the whole table on SQLite. */
export async function dropColumns(db: Knex, table: string, columns: readonly string[]): Promise<void> {
  for (const name of columns) {
    if (await db.schema.hasColumn(table, name)) await db.raw('alter table ?? drop column ??', [table, name]);
  }
}

const indexName = (table: string, columns: readonly string[]): string => `${table}_${columns.join('_')}_index`;

/** Adds an index when there is none of its name. */
export async function addIndex(db: Knex, table: string, columns: readonly string[]): Promise<void> {
  const name = indexName(table, columns);
  if (!(await hasIndex(db, table, name))) await db.schema.alterTable(table, (t) => t.index([...columns], name));
}

export async function dropIndex(db: Knex, table: string, columns: readonly string[]): Promise<void> {
  const name = indexName(table, columns);
  if (await hasIndex(db, table, name)) await db.schema.alterTable(table, (t) => t.dropIndex([...columns], name));
}

async function hasIndex(db: Knex, table: string, name: string): Promise<boolean> {
  if (!isMysql(db)) return (await db('sqlite_master').where({ type: 'index', name }).first('name')) !== undefined;
  const [rows] = (await db.raw('show index from ?? where Key_name = ?', [table, name])) as [unknown[]];
  return rows.length > 0;
}

export type Renaming = {
  from: string;
  to: string;
  /** The columns of each index of the table: an index is named after its table. */
  indexes: readonly (readonly string[])[];
};

/** Renames a table and its indexes. Takes up where a killed process stopped. */
export async function renameTable(db: Knex, { from, to, indexes }: Renaming): Promise<void> {
  if (await db.schema.hasTable(from)) await db.schema.renameTable(from, to);
  for (const columns of indexes) {
    const old = indexName(from, columns);
    if (await hasIndex(db, to, old)) await db.schema.alterTable(to, (t) => t.dropIndex([...columns], old));
    await addIndex(db, to, columns);
  }
}
