import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

const { O_APPEND, O_CREAT, O_RDONLY, O_WRONLY } = constants;
/**
 * A symbolic link would lead to a file of somebody else's choice, and a pipe would keep us waiting for its other end.
 * Windows has neither flag.
 */
const WARY = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** What is larger was not written by us, and would take for ever to read. */
export const LARGEST_FILE = 1024 * 1024 * 1024;

const FLAGS = { read: O_RDONLY, append: O_WRONLY | O_APPEND | O_CREAT } as const;

/**
 * Opens a file in a folder where others may be able to write. To append, it is made when it is not there. Throws when
 * the name leads to anything but a plain file of this user or of the folder's owner.
 */
export async function openOwn(path: string, how: keyof typeof FLAGS): Promise<FileHandle> {
  const handle = await open(path, FLAGS[how] | WARY, 0o600);
  const [file, folder] = await Promise.all([handle.stat(), stat(dirname(path))]);
  if (isOwn(file, folder)) return handle;
  await handle.close();
  throw Object.assign(new Error('a file of the folder is not ours'), { code: 'NOT_OUR_FILE' });
}

/** A plain file of bearable size that has one name and belongs to this user, or to whom the folder belongs. */
export function isOwn(file: Stats, folder: Stats): boolean {
  // A second name is a hard link, by which a file from elsewhere can be put here.
  if (!file.isFile() || file.nlink > 1 || file.size > LARGEST_FILE) return false;
  const user = process.getuid?.();
  return user === undefined || file.uid === user || file.uid === folder.uid;
}

/** Whether nobody but this user can write in the folder, or read there. */
export function isPrivate(folder: Stats): boolean {
  if (!folder.isDirectory()) return false;
  const user = process.getuid?.();
  // Windows has no such owners; its temporary folder belongs to one user anyway.
  return user === undefined || (folder.uid === user && (folder.mode & 0o077) === 0);
}
