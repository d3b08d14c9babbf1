// A database whose tables are not those that the migrations made: somebody changed them, or restored a part of them.
import type { Knex } from 'knex';
import { migrate } from './migrate.ts';
import { openStore, type Store } from './open.ts';

/** What differs from the tables that this version works with, in words; empty when nothing does. */
export async function schemaProblems(store: Store): Promise<string[]> {
  const [ours, theirs] = [await expected(), await schemaOf(store)];
  const found = [...ours].flatMap(([name, table]) => {
    const there = theirs.get(name);
    return there ? differences(name, table, there) : [`the table "${name}" is missing`];
  });
  // One change may show in every table.
  return found.length > MOST ? [...found.slice(0, MOST), `and ${found.length - MOST} more`] : found;
}

const MOST = 5;

type Table = {
  columns: Set<string>;
  /** Columns that a new row must name. */
  needed: Set<string>;
  indexes: Set<string>;
  key: string;
  /** What a server does differently from what is asked for. */
  oddities: string[];
};
type Schema = Map<string, Table>;

function differences(name: string, ours: Table, theirs: Table): string[] {
  const missing = (what: string, wanted: ReadonlySet<string>, there: ReadonlySet<string>) =>
    [...wanted].filter((one) => !there.has(one)).map((one) => `the ${what} "${one}" of the table "${name}" is missing`);
  const strange = [...theirs.needed].filter((column) => !ours.columns.has(column));
  return [
    ...missing('column', ours.columns, theirs.columns),
    ...missing('index', ours.indexes, theirs.indexes),
    ...(ours.key === theirs.key ? [] : [`the primary key of the table "${name}" is not (${ours.key})`]),
    ...strange.map((column) => `the column "${column}" of the table "${name}" is not known and needs a value`),
    ...theirs.oddities,
  ];
}

/** The tables as the migrations of this version make them. */
async function expected(): Promise<Schema> {
  const memory = openStore('sqlite::memory:');
  try {
    await migrate(memory.db);
    return await sqliteSchema(memory.db);
  } finally {
    await memory.close();
  }
}

const schemaOf = ({ kind, db }: Store): Promise<Schema> => (kind === 'sqlite' ? sqliteSchema(db) : mysqlSchema(db));

const isOurs = (table: string): boolean => !/^(?:knex_|sqlite_)/.test(table);

function tableIn(schema: Schema, name: string): Table {
  const fresh = { columns: new Set<string>(), needed: new Set<string>(), indexes: new Set<string>() };
  const table = schema.get(name) ?? { ...fresh, key: '', oddities: [] };
  schema.set(name, table);
  return table;
}

async function sqliteSchema(db: Knex): Promise<Schema> {
  const schema: Schema = new Map();
  type Row = { type: string; name: string; tbl_name: string; sql: string | null };
  const rows: Row[] = await db('sqlite_master').whereIn('type', ['table', 'index']).orderBy('type', 'desc');
  for (const { type, name, tbl_name, sql } of rows.filter((r) => isOurs(r.tbl_name))) {
    const table = tableIn(schema, tbl_name);
    if (type === 'index' && sql !== null) table.indexes.add(name);
    if (type !== 'table') continue;
    type Column = { name: string; notnull: number; dflt_value: unknown; pk: number };
    const columns = (await db.raw('pragma table_info(??)', [name])) as Column[];
    for (const c of columns) {
      table.columns.add(c.name);
      if (c.notnull === 1 && c.dflt_value === null) table.needed.add(c.name);
    }
    const key = columns.filter((c) => c.pk > 0).sort((a, b) => a.pk - b.pk);
    table.key = key.map((c) => c.name).join(', ');
  }
  return schema;
}

async function mysqlSchema(db: Knex): Promise<Schema> {
  const schema: Schema = new Map();
  for (const c of await rowsOf<MysqlColumn>(db, COLUMNS)) {
    const table = tableIn(schema, c.table);
    table.columns.add(c.name);
    if (c.nullable === 'NO' && c.preset === null && c.extra === '') table.needed.add(c.name);
    if (c.collation !== null && c.collation !== 'utf8mb4_bin')
      table.oddities.push(`the column "${c.name}" of the table "${c.table}" is compared by ${c.collation}`);
  }
  for (const i of await rowsOf<MysqlIndex>(db, INDEXES)) {
    const table = tableIn(schema, i.table);
    if (i.name !== 'PRIMARY') table.indexes.add(i.name);
    else table.key = table.key === '' ? i.column : `${table.key}, ${i.column}`;
  }
  for (const { table, engine } of await rowsOf<{ table: string; engine: string }>(db, ENGINES))
    if (engine !== 'InnoDB')
      tableIn(schema, table).oddities.push(`the table "${table}" has no transactions (${engine})`);
  return new Map([...schema].filter(([name]) => isOurs(name)));
}

type MysqlColumn = {
  table: string;
  name: string;
  nullable: string;
  preset: string | null;
  extra: string;
  collation: string | null;
};
type MysqlIndex = { table: string; name: string; column: string };

const COLUMNS = `select table_name as \`table\`, column_name as name, is_nullable as nullable, column_default as preset,
  extra, collation_name as collation from information_schema.columns where table_schema = database()`;
const INDEXES = `select table_name as \`table\`, index_name as name, column_name as \`column\`
  from information_schema.statistics where table_schema = database() order by table_name, index_name, seq_in_index`;
const ENGINES = `select table_name as \`table\`, engine from information_schema.tables
  where table_schema = database() and table_type = 'BASE TABLE'`;

async function rowsOf<T>(db: Knex, sql: string): Promise<T[]> {
  const [rows] = (await db.raw(sql)) as [T[]];
  return rows;
}
