// What lies in the folder of backups: a sealed file each, and beside it a manifest, which is written when the file was
// read back. What has no manifest is no backup.
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { wordsOf } from '../base/errors.ts';
import type { Ms } from '../core/time.ts';
import { LARGEST_MANIFEST, type Manifest, manifestIn, manifestText, newestFirst } from './manifest.ts';
import type { Place } from './place.ts';

export const sealedFile = (folder: string, name: string): string => join(folder, `${name}.sealed`);
const manifestFile = (folder: string, name: string): string => join(folder, `${name}.json`);

/** All backups in a folder, newest first. What is there in half, or is not as its manifest says, is left out. */
export async function backupsIn(folder: string): Promise<Manifest[]> {
  const names = (await readdir(folder)).filter((name) => /^homing-.+\.json$/.test(name));
  const all = await Promise.all(names.map((name) => manifestAt(folder, name.slice(0, -'.json'.length))));
  return newestFirst(all);
}

/** The backup of that name; null when there is none, or not a whole one. */
async function manifestAt(folder: string, name: string): Promise<Manifest | null> {
  try {
    const file = manifestFile(folder, name);
    if ((await stat(file)).size > LARGEST_MANIFEST) return null;
    const { size } = await stat(sealedFile(folder, name));
    return manifestIn(await readFile(file, 'utf8'), name, size);
  } catch {
    return null;
  }
}

/** A folder of this machine, or one that is mounted. */
export const folderPlace = (folder: string): Place => ({
  name: folder,
  trouble: () => folderTrouble(folder),
  all: () => backupsIn(folder),
  find: (name) => manifestAt(folder, name),
  async keep(name, write, check) {
    try {
      await writeWhole(folder, `${name}.sealed`, write);
      const made = await check(sealedFile(folder, name));
      // From here on it is a backup.
      await writeWhole(folder, `${name}.json`, (file) => file.writeFile(manifestText(made)));
      return made;
    } catch (error) {
      await remove(folder, name).catch(() => {});
      throw error;
    }
  },
  take: async (name) => ({ file: sealedFile(folder, name), done: async () => {} }),
  remove: (name) => remove(folder, name),
  removeHalves: (before) => removeHalves(folder, before),
});

/** Writes a file under another name first, so that under its own it is whole and on the disk, or not there. */
export async function writeWhole(
  folder: string,
  name: string,
  write: (file: FileHandle) => Promise<unknown>,
): Promise<void> {
  const part = join(folder, `${name}${PART}`);
  const file = await open(part, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, join(folder, name));
    await syncFolder(folder);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

const PART = '.part';

/** A name is safe when the folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } catch (error) {
    // Some network shares know no such thing.
    if (!['EINVAL', 'ENOTSUP', 'EISDIR', 'EPERM'].includes(String((error as { code?: unknown }).code))) throw error;
  } finally {
    await handle.close();
  }
}

/** The manifest goes first: from then on it is no backup. */
export async function remove(folder: string, name: string): Promise<void> {
  await rm(manifestFile(folder, name), { force: true });
  await rm(sealedFile(folder, name), { force: true });
}

/** What a process that was killed has left behind, of before that moment. */
export async function removeHalves(folder: string, before: Ms): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, own] = /^(homing-.+)\.(?:sealed|json)(?:\.part)?$/.exec(name) ?? [];
    if (own === undefined || (!name.endsWith(PART) && (await isThere(manifestFile(folder, own))))) continue;
    const at = (await stat(join(folder, name)).catch(() => null))?.mtimeMs ?? before;
    if (at < before) await rm(join(folder, name), { force: true });
  }
}

const isThere = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

/** Why nothing can be written in a folder; null when it can. */
async function folderTrouble(folder: string): Promise<string | null> {
  try {
    const name = `.homing-${randomUUID()}`;
    await writeWhole(folder, name, async () => {});
    await rm(join(folder, name), { force: true });
    return null;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOENT') return `the folder ${folder} is not there`;
    if (code === 'ENOTDIR') return `${folder} is no folder`;
    return `nothing can be written in ${folder}: ${wordsOf(error)}`;
  }
}
