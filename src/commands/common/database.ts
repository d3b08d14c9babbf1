import { existsSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import { readConfig } from '../../config/config.ts';
import { pendingMigrations } from '../../store/db/migrate.ts';
import { type OpenOptions, openStore, reachable, type Store } from '../../store/db/open.ts';
import { isDatabaseTrouble, NotDurable } from '../../store/db/trouble.ts';
import { nameOf, parseDatabaseUrl } from '../../store/db/url.ts';
import { Failed, type Terminal } from './terminal.ts';

/** Where the database is, without its password. */
export function databaseName(url: string): string {
  const place = parseDatabaseUrl(url);
  return place.kind === 'sqlite' ? url : nameOf(place);
}

/** The file of a SQLite URL; null for a server or a database in memory. */
export function sqliteFile(url: string): string | null {
  const file = /^sqlite:(?:\/\/)?(.+)$/.exec(url)?.[1];
  return file === undefined || file === ':memory:' ? null : file;
}

/** Opens the database and makes sure that it answers. */
export async function reach(url: string, options: OpenOptions = {}): Promise<Store> {
  let store: Store | null = null;
  try {
    store = openStore(url, options);
    await reachable(store);
    return store;
  } catch (error) {
    await store?.close();
    throw unusable(url, error);
  }
}

const unusable = (url: string, error: unknown): Failed =>
  new Failed(`The database ${databaseName(url)} can't be used: ${databaseTrouble(error)}`);

/** Trouble of the database in words for people; any other error as it is. */
export const explained = (url: string, error: unknown): unknown =>
  isDatabaseTrouble(error) && !(error instanceof NotDurable) ? unusable(url, error) : error;

/** The message of the driver alone: Knex puts the whole statement, with its values, before it. */
export function databaseTrouble(error: unknown): string {
  if (error instanceof NotDurable || !(error instanceof Error)) return String((error as Error).message ?? error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  const words = error.message
    .slice(error.message.lastIndexOf(' - ') + 1)
    .replace(/^- /, '')
    .trim();
  const said = words === '' || words === 'select 1' ? error.name : words.slice(0, 200);
  return code === null || said.includes(code) ? said : `${said} (${code})`;
}

/** Runs a command on a database that is there and up to date, and closes it whatever happens. */
export async function withStore<T>(terminal: Terminal, work: (store: Store, config: Config) => Promise<T>): Promise<T> {
  const config = readConfig(terminal.env, 'database');
  const url = config.DATABASE_URL;
  const file = sqliteFile(url);
  if (file !== null && !existsSync(file))
    throw new Failed(`There is no database at ${databaseName(url)} yet: "homing start" or "homing migrate" makes it.`);
  const store = await reach(url);
  try {
    const pending = await pendingMigrations(store.db);
    if (pending.length > 0)
      throw new Failed(`The database ${databaseName(url)} is not up to date: run "homing migrate" first.`);
    return await work(store, config);
  } catch (error) {
    throw explained(url, error);
  } finally {
    await store.close();
  }
}
