// Databases for a short while, beside the real one.
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isId, newId, timeOf } from '../../base/ids.ts';
import { DAY, type Ms } from '../../core/time.ts';
import { openStore, type Store } from './open.ts';
import { mustBeEmpty } from './restore-into.ts';
import { parseDatabaseUrl, withDatabase } from './url.ts';

const MARK = 'drill_';

/**
 * Gives an empty database to work with, and drops it with all that is in it: one beside that of `url`, with a name that
 * begins with its own. `given` is one to be emptied in its place. What a killed process left behind goes after a day.
 */
export async function withDatabaseBeside<T>(
  { url, given, now }: { url: string; given: string | undefined; now: Ms },
  work: (url: string) => Promise<T>,
): Promise<T> {
  const { url: other, drop } = given === undefined ? await made(url, now) : await lent(given);
  try {
    return await work(other);
  } finally {
    await drop();
  }
}

type Lent = { url: string; drop(): Promise<void> };

/** Only what was empty is emptied. */
async function lent(url: string): Promise<Lent> {
  await mustBeEmpty(url);
  return { url, drop: () => emptied(url) };
}

async function made(url: string, now: Ms): Promise<Lent> {
  await dropOld(url, now);
  const ending = `${MARK}${newId(now)}`;
  const place = parseDatabaseUrl(url);
  if (place.kind === 'sqlite') {
    const file = `${place.file}-${ending}`;
    return { url: `sqlite:${file}`, drop: () => removed(file) };
  }
  const name = `${place.database}_${ending}`;
  await on(url, ({ db }) => db.raw('create database ?? character set utf8mb4', [name]));
  return { url: withDatabase(url, name), drop: () => dropped(url, name) };
}

const dropped = (url: string, name: string): Promise<void> =>
  on(url, async ({ db }) => void (await db.raw('drop database ??', [name])));

async function removed(file: string): Promise<void> {
  for (const rest of ['', '-wal', '-shm', '-journal']) await rm(`${file}${rest}`, { force: true });
}

/** Takes all tables out of it; an SQLite file goes as a whole. */
async function emptied(url: string): Promise<void> {
  const place = parseDatabaseUrl(url);
  if (place.kind === 'sqlite') return removed(place.file);
  await on(url, async ({ db }) => {
    const [tables] = (await db.raw('show tables')) as [Record<string, string>[]];
    for (const name of tables.flatMap((row) => Object.values(row))) await db.schema.dropTable(name);
  });
}

async function dropOld(url: string, now: Ms): Promise<void> {
  const place = parseDatabaseUrl(url);
  const isOld = (name: string, start: string) => {
    const id = name.slice(start.length, start.length + 26);
    return name.startsWith(start) && isId(id) && timeOf(id) < now - DAY;
  };
  if (place.kind === 'sqlite') {
    const folder = dirname(place.file);
    const start = `${basename(place.file)}-${MARK}`;
    const names = existsSync(folder) ? await readdir(folder) : [];
    for (const name of names) if (isOld(name, start)) await rm(join(folder, name), { force: true });
    return;
  }
  const start = `${place.database}_${MARK}`;
  const names = await on(url, async ({ db }) => {
    const [rows] = (await db.raw('show databases')) as [Record<string, string>[]];
    return rows.flatMap((row) => Object.values(row));
  });
  for (const name of names) if (isOld(name, start)) await dropped(url, name);
}

async function on<T>(url: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = openStore(url);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
