import type { Knex } from 'knex';

export type Tables = Record<string, (t: Knex.CreateTableBuilder) => void>;

/*
 * Rules of all migrations: times are integer milliseconds UTC, JSON is text, ids are strings compared byte by byte
 * (MySQL's default collation merges `AbC`, `abc` and `ÁbC`). MySQL commits each DDL statement at once, so every step
 * can be repeated.
 */
export async function makeTables(db: Knex, tables: Tables): Promise<void> {
  const mysql = db.client.config.client === 'mysql2';
  for (const [name, columns] of Object.entries(tables)) {
    if (await db.schema.hasTable(name)) continue;
    await db.schema.createTable(name, (t) => {
      // SQLite compares byte by byte anyway, and Knex refuses these two on it.
      if (mysql) t.charset('utf8mb4');
      if (mysql) t.collate('utf8mb4_bin');
      columns(t);
    });
  }
}

export async function dropTables(db: Knex, tables: Tables): Promise<void> {
  for (const name of Object.keys(tables).reverse()) await db.schema.dropTableIfExists(name);
}
