// Copies an SQLite file that is in use (see `copySqlite`).
import { closeSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { CopyAnswer, CopyAsked } from './copy-sqlite.ts';

type Rows = { all(...values: unknown[]): Record<string, unknown>[] };
type Connection = { prepare(sql: string): Rows; exec(sql: string): void; close(): void };
type Driver = {
  DatabaseSync: new (file: string, options?: { readOnly?: boolean }) => Connection;
  backup?: (from: Connection, to: string, options: { rate: number }) => Promise<number>;
};

/** Pages that are copied in one go. */
const RATE = 500;

const { driver, file, to, tables } = workerData as CopyAsked;
const { DatabaseSync, backup } = createRequire(import.meta.url)(driver) as Driver;

/**
 * All within one reading transaction: so the copy and the counts are of one moment, and what others write meanwhile neither
 * waits for the copy nor has it begin again.
 */
async function copy(): Promise<CopyAnswer> {
  const source = new DatabaseSync(file, { readOnly: backup !== undefined });
  try {
    // An empty file is a database to be filled, and one that nobody else can read from the beginning.
    closeSync(openSync(to, 'wx', 0o600));
    source.exec('PRAGMA busy_timeout=5000; BEGIN');
    const counts = Object.fromEntries(tables.map((table) => [table, countIn(source, table)]));
    // Versions of Node from 22.13 to 22.15 have no such function, and this statement runs in no transaction.
    if (!backup) source.exec('COMMIT');
    if (backup) await backup(source, to, { rate: RATE });
    else source.prepare('VACUUM INTO ?').all(to);
    return { counts, damage: wholeness(to) };
  } finally {
    source.close();
  }
}

const countIn = (db: Connection, table: string): number =>
  Number(db.prepare(`select count(*) as n from "${table}"`).all()[0]?.['n']);

/** What is damaged in the copy; null when nothing is. Leaves a single file, without a log beside it. */
function wholeness(copied: string): string | null {
  const db = new DatabaseSync(copied);
  try {
    db.exec('PRAGMA journal_mode=DELETE');
    const said = String(Object.values(db.prepare('PRAGMA quick_check(1)').all()[0] ?? {})[0]);
    return said === 'ok' ? null : said;
  } finally {
    db.close();
  }
}

parentPort?.postMessage(await copy());
