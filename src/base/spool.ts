import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { MINUTE, type Ms } from '../core/time.ts';
import { linesOf } from './lines.ts';
import { isOwn, isPrivate, openOwn } from './own-file.ts';

/**
 * Where records wait while the store can't be used: one JSON line each, appended and synced before `append` resolves.
 * Any number of processes may append to one folder and file from it.
 *
 * - `spool.jsonl`: appended to. Whoever files renames it first.
 * - `waiting-<id>.jsonl`: renamed, to be filed.
 * - `filing-<id>.jsonl`: claimed by a process that is filing it; claimed again when that process has died.
 * - `set-aside.jsonl`: lines that no store will take, for a person to look at.
 *
 * Only plain files of this user or of the folder's owner are looked at, and none beyond `LARGEST_FILE`. Links, pipes,
 * devices and files of others are left alone.
 */
export type Spool = {
  /** Says how many of these lines are durable now: the others found no room. Rejects when the folder can't be used. */
  append(lines: readonly string[]): Promise<number>;
  /**
   * Gives every waiting line to `take`, a hundred at a time, and says how many they were. `take` answers with the lines
   * to set aside. When it rejects, so does this, and the lines go on waiting.
   */
  file(take: Take): Promise<number>;
};

type Take = (lines: readonly string[]) => Promise<readonly string[]>;

export type SpoolOptions = {
  folder: string;
  maxBytes: number;
  /** The folder stands where others may write, so it must be private to this user. */
  shared?: boolean;
};

/** A record has a thousand recipients at most, and stays far below this. */
const LONGEST_LINE = 1024 * 1024;

const CURRENT = 'spool.jsonl';
const ASIDE = 'set-aside.jsonl';
const BATCH = 100;
/**
 * A claim that was not renewed for so long belongs to a process that died. If it did not, lines are filed twice, which
 * does no harm.
 */
const STALE: Ms = MINUTE;

export function openSpool({ folder, maxBytes, shared = false }: SpoolOptions): Spool {
  let ready: Promise<void> | null = null;

  async function prepared(): Promise<void> {
    ready ??= prepare(folder, shared);
    try {
      await ready;
    } catch (error) {
      ready = null;
      throw error;
    }
  }

  return {
    async append(lines) {
      await prepared();
      return append({ folder, maxBytes }, CURRENT, lines);
    },
    async file(take) {
      // Others may have put something there that is no record of ours.
      if (shared && !(await isPrivateFolder(folder))) return 0;
      return fileAll(folder, take, async (lines) => {
        await clear(folder, ASIDE);
        await append({ folder, maxBytes }, ASIDE, lines);
      });
    },
  };
}

async function prepare(folder: string, shared: boolean): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (shared && !(await isPrivateFolder(folder))) throw new Error('the spool folder is not ours alone');
}

/** In a folder like /tmp anybody could make a folder of this name before us, and read there who was written to. */
async function isPrivateFolder(folder: string): Promise<boolean> {
  const found = await orNull(lstat(folder));
  return found !== null && isPrivate(found);
}

type Place = { folder: string; maxBytes: number };

/** Appends as many lines, in their order, as there is room for, and says how many those are. */
async function append({ folder, maxBytes }: Place, name: string, lines: readonly string[]): Promise<number> {
  const fitting = fittingIn(lines, maxBytes - (await sizeOf(folder, name === ASIDE)));
  if (fitting.length > 0) await write(folder, join(folder, name), fitting);
  return fitting.length;
}

function fittingIn(lines: readonly string[], room: number): string[] {
  let size = 1;
  const fitting: string[] = [];
  for (const line of lines) {
    size += Buffer.byteLength(line) + 1;
    if (size > room) break;
    fitting.push(line);
  }
  return fitting;
}

/** What waits, or what was set aside: lines that nobody takes must not use up the room of those that wait. */
async function sizeOf(folder: string, aside: boolean): Promise<number> {
  const files = (await ownFiles(folder)).filter(({ name }) => (name === ASIDE) === aside);
  return files.reduce((sum, { stats }) => sum + stats.size, 0);
}

/**
 * Appends and syncs. Another process may rename, file and remove the file between our open and our write. So when the
 * path no longer leads to what we wrote, it is written once more: a line that is filed twice counts once.
 */
async function write(folder: string, path: string, lines: readonly string[]): Promise<void> {
  // A full disk may have cut off the last write in the middle of a line: the first line end closes that line.
  const bytes = Buffer.from(`\n${lines.join('\n')}\n`);
  for (;;) {
    const handle = await openOwn(path, 'append');
    try {
      const { bytesWritten } = await handle.write(bytes); // one call, so that no other process writes in between
      if (bytesWritten < bytes.length) throw new Error('the disk of the spool is full');
      await handle.sync();
      if (await isStill(handle, path)) {
        if ((await handle.stat()).size === bytes.length) await syncFolder(folder);
        return;
      }
    } finally {
      await handle.close();
    }
  }
}

/** What can't be appended to (a link, a pipe, a file that has grown too large) gets another name, and is left alone. */
async function clear(folder: string, name: string): Promise<void> {
  const there = await orNull(lstat(join(folder, name)));
  if (there && !isOwn(there, await stat(folder)))
    await renamed(join(folder, name), join(folder, `${newName()}-${name}`));
}

async function isStill(handle: FileHandle, path: string): Promise<boolean> {
  const [ours, there] = await Promise.all([handle.stat(), orNull(lstat(path))]);
  return there !== null && there.ino === ours.ino && there.dev === ours.dev;
}

/** A new file's name is durable when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

type SetAside = (lines: readonly string[]) => Promise<unknown>;

/** A file that can't be had keeps none of the others from being filed; then this rejects at the end. */
async function fileAll(folder: string, take: Take, setAside: SetAside): Promise<number> {
  const path = (name: string) => join(folder, name);
  const troubles: unknown[] = [];
  const note = (error: unknown) => void troubles.push(error);
  await renamed(path(CURRENT), path(`waiting-${newName()}.jsonl`)).catch(note);
  let filed = 0;
  for (const name of await waitingIn(folder)) {
    const claimed = `filing-${newName()}.jsonl`;
    const handle = await claim(path(name), path(claimed)).catch(note);
    if (!handle) continue;
    try {
      filed += await fileOne(handle, take, setAside);
    } catch (error) {
      await renamed(path(claimed), path(`waiting-${claimed.slice('filing-'.length)}`));
      throw error;
    }
    await orNull(unlink(path(claimed)));
  }
  if (troubles.length > 0) throw troubles[0];
  return filed;
}

/** Null when another process got here first. */
async function claim(path: string, claimed: string): Promise<FileHandle | null> {
  if (!(await renamed(path, claimed))) return null;
  try {
    return await openOwn(claimed, 'read');
  } catch (error) {
    await renamed(claimed, path);
    throw error;
  }
}

/** Names that sort by time, and that no two processes make. */
const newName = (): string => `${String(Date.now()).padStart(15, '0')}-${randomBytes(8).toString('hex')}`;

/** What is to be filed, oldest first: the part of a name after its first word sorts by time. */
async function waitingIn(folder: string): Promise<string[]> {
  // The rename by which a file is claimed sets ctime, and so does each renewal.
  const isStale = ({ ctimeMs }: Stats) => Date.now() - ctimeMs > STALE;
  const waiting = (await ownFiles(folder)).filter(
    ({ name, stats }) => name.startsWith('waiting-') || (name.startsWith('filing-') && isStale(stats)),
  );
  const age = (name: string) => name.slice(name.indexOf('-'));
  return waiting.map(({ name }) => name).sort((a, b) => (age(a) < age(b) ? -1 : 1));
}

async function ownFiles(folder: string): Promise<{ name: string; stats: Stats }[]> {
  const place = await orNull(stat(folder));
  const names = (await orNull(readdir(folder))) ?? [];
  const found = await Promise.all(
    names.map(async (name) => ({ name, stats: await orNull(lstat(join(folder, name))) })),
  );
  return found.flatMap(({ name, stats }) => (place && stats && isOwn(stats, place) ? [{ name, stats }] : []));
}

/** Reads in pieces: a file may be larger than what this process should hold. */
async function fileOne(handle: FileHandle, take: Take, setAside: SetAside): Promise<number> {
  let filed = 0;
  try {
    for await (const lines of batchesIn(handle)) {
      const aside = await take(lines);
      if (aside.length > 0) await setAside(aside);
      filed += lines.length;
      await renew(handle);
    }
  } finally {
    await handle.close();
  }
  return filed;
}

async function* batchesIn(handle: FileHandle): AsyncGenerator<string[]> {
  let batch: string[] = [];
  let size = 0;
  for await (const { text } of linesOf(handle.createReadStream({ autoClose: false }), LONGEST_LINE)) {
    if (text === '') continue;
    // This text is no JSON, so it will be set aside.
    batch.push(text ?? `a line of more than ${LONGEST_LINE} bytes was left out`);
    size += text?.length ?? 0;
    if (batch.length < BATCH && size < LONGEST_LINE) continue;
    yield batch;
    batch = [];
    size = 0;
  }
  if (batch.length > 0) yield batch;
}

/** Tells other processes that this claim is alive. */
async function renew(handle: FileHandle): Promise<void> {
  const now = new Date();
  await handle.utimes(now, now);
}

/** False when it is not there (any more). */
async function renamed(from: string, to: string): Promise<boolean> {
  return (await orNull(rename(from, to).then(() => true))) ?? false;
}

/** Null for what is not there. */
async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
