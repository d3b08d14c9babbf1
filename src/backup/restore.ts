import { AppError } from '../base/errors.ts';
import { keepBackup } from '../store/backups.ts';
import { isKnownMigration } from '../store/db/migrate.ts';
import type { Store } from '../store/db/open.ts';
import { restoreInto } from '../store/db/restore-into.ts';
import type { Found } from './find.ts';
import { headOf, type Passed, passedOf, unpack } from './pack.ts';

export type RestoreHow = {
  /** Where to; see `restoreInto`. */
  url: string;
  keys: readonly string[];
  signal: AbortSignal;
  /** Told how much of the backup has been read in, from 0 to 1. */
  progress?: (share: number) => void;
};

/** Restores a backup into an empty database; `prepare` is done before the database counts as there. */
export async function restoreBackup<T>(
  { manifest, file }: Found,
  { url, keys, signal, progress = () => {} }: RestoreHow,
  prepare: (store: Store) => Promise<T>,
): Promise<T> {
  const { head } = await headOf(file);
  if (!(await isKnownMigration(head.migration)))
    throw new AppError(
      'conflict',
      `the backup is of a newer version of Homing, which knows ${head.migration}: restore it with that one`,
    );
  const check = (passed: Passed) => {
    if (passed.sha256 !== manifest.sha256) throw new AppError('mismatch', 'the backup is not what its manifest says');
  };
  // Nothing of a backup that is damaged gets into a database; a file is put in its place only when it is whole.
  if (head.kind === 'mysql') check(await passedOf(file, { keys, signal }));
  const pour = async (into: (bytes: AsyncIterable<Buffer>) => Promise<void>) =>
    check(await unpack(file, { keys, signal }, (plain) => into(counted(plain, manifest.plainBytes, progress))));
  return restoreInto({ url, kind: head.kind, pour, signal }, async (store) => {
    const { at, name, bytes } = manifest;
    // It was written down only after the copy was taken.
    await keepBackup(store, { startedAt: at, endedAt: at, name, bytes, problem: null });
    return prepare(store);
  });
}

async function* counted(
  source: AsyncIterable<Buffer>,
  all: number,
  progress: (share: number) => void,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const part of source) {
    yield part;
    bytes += part.length;
    progress(all === 0 ? 1 : bytes / all);
  }
}
