import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { lstat, mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { MINUTE, type Ms } from '../core/time.ts';

/**
 * Where records wait while the store can't be used: one JSON line each, appended and synced before `append` resolves.
 * Any number of processes may append to, and file from, one folder.
 *
 * - `spool.jsonl`: appended to. Whoever files renames it first.
 * - `waiting-<id>.jsonl`: renamed, to be filed.
 * - `filing-<id>.jsonl`: claimed by a process that is filing it; claimed again when that process has died.
 * - `set-aside.jsonl`: lines that no store will take, for a person to look at.
 */
export type Spool = {
  /** Says how many of these lines are durable now: the others found no room. Rejects when the folder can't be used. */
  append(lines: readonly string[]): Promise<number>;
  /**
   * Gives every waiting line to `take`, a hundred at a time, and forgets those that it resolves for; says how many they
   * were. `take` answers with the lines to set aside. When it rejects, the lines go on waiting and so does this.
   */
  file(take: (lines: readonly string[]) => Promise<readonly string[]>): Promise<number>;
};

export type SpoolOptions = {
  folder: string;
  maxBytes: number;
  /** The folder is in a place where others may write: it must be ours alone. */
  shared?: boolean;
};

/** Names that sort by time, and that no two processes make. */
const newName = (): string => `${String(Date.now()).padStart(15, '0')}-${randomBytes(8).toString('hex')}`;

const CURRENT = 'spool.jsonl';
const ASIDE = 'set-aside.jsonl';
const BATCH = 100;
/** A claim older than this is a dead process's. Filing twice is harmless, and only wasteful. */
const STALE: Ms = MINUTE;

export function openSpool({ folder, maxBytes, shared = false }: SpoolOptions): Spool {
  const path = (name: string) => join(folder, name);
  let ready: Promise<void> | null = null;

  async function prepare(): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (shared && !(await isOurs(folder))) throw new Error('the spool folder is not ours alone');
  }

  async function append(lines: readonly string[], file = CURRENT): Promise<number> {
    ready ??= prepare();
    try {
      await ready;
    } catch (error) {
      ready = null;
      throw error;
    }
    const room = maxBytes - (await sizeOf(folder, file === ASIDE));
    const fitting = fittingIn(lines, room);
    if (fitting.length > 0) await write(folder, path(file), fitting);
    return fitting.length;
  }

  async function file(take: (lines: readonly string[]) => Promise<readonly string[]>): Promise<number> {
    // What others may have put there is nobody's record.
    if (shared && !(await isOurs(folder))) return 0;
    await renamed(path(CURRENT), path(`waiting-${newName()}.jsonl`));
    let filed = 0;
    for (const name of await waitingIn(folder)) {
      const claimed = `filing-${newName()}.jsonl`;
      if (!(await renamed(path(name), path(claimed)))) continue; // another process got here first
      try {
        filed += await fileOne(path(claimed), take, (lines) => append(lines, ASIDE));
      } catch (error) {
        await renamed(path(claimed), path(`waiting-${claimed.slice('filing-'.length)}`));
        throw error;
      }
    }
    return filed;
  }
  return { append: (lines) => append(lines), file };
}

/** In a folder like /tmp anybody can make what we would make, and read there who was written to. */
async function isOurs(folder: string): Promise<boolean> {
  const found = await orNull(lstat(folder));
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
}

/** As many lines, in their order, as there is room for. */
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
  let size = 0;
  const names = (await readdir(folder)).filter((name) => (name === ASIDE) === aside);
  for (const name of names) size += (await orNull(stat(join(folder, name))))?.size ?? 0;
  return size;
}

/**
 * Appends and syncs. The file may be renamed, read and removed by another process between our open and our write; so when
 * the path no longer leads to what we wrote, it is written once more: a line that is filed twice counts once.
 */
async function write(folder: string, path: string, lines: readonly string[]): Promise<void> {
  // The first line end closes a line that a full disk has torn.
  const bytes = Buffer.from(`\n${lines.join('\n')}\n`);
  for (;;) {
    const handle = await open(path, 'a', 0o600);
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

async function isStill(handle: FileHandle, path: string): Promise<boolean> {
  const [ours, there] = await Promise.all([handle.stat(), orNull(stat(path))]);
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

/** What is to be filed, oldest first: ids sort by time. */
async function waitingIn(folder: string): Promise<string[]> {
  const names = (await orNull(readdir(folder))) ?? [];
  const waiting = names.filter((name) => name.startsWith('waiting-'));
  for (const name of names.filter((n) => n.startsWith('filing-'))) {
    const claimed = await orNull(stat(join(folder, name)));
    // A rename sets ctime.
    if (claimed && Date.now() - claimed.ctimeMs > STALE) waiting.push(name);
  }
  return waiting.sort((a, b) => (a.slice(a.indexOf('-')) < b.slice(b.indexOf('-')) ? -1 : 1));
}

async function fileOne(
  path: string,
  take: (lines: readonly string[]) => Promise<readonly string[]>,
  setAside: (lines: readonly string[]) => Promise<unknown>,
): Promise<number> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  for (let at = 0; at < lines.length; at += BATCH) {
    const aside = await take(lines.slice(at, at + BATCH));
    if (aside.length > 0) await setAside(aside);
  }
  await orNull(unlink(path));
  return lines.length;
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
