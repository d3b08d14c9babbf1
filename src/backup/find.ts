import { basename, dirname } from 'node:path';
import { AppError } from '../base/errors.ts';
import { backupsIn, folderTrouble, type Manifest, manifestAt, sealedFile } from './folder.ts';

export type Found = { manifest: Manifest; file: string };

/**
 * The backup that is meant: `latest` of a folder, its name in that folder, or one of its two files. Where the database is known
 * whose it has to be, as backups name it, those of others count for nothing in the choice of the latest.
 */
export async function findBackup(which: string, folder: string | undefined, database?: string | null): Promise<Found> {
  if (which === 'latest') return latestIn(folder, database ?? null);
  const isPath = which.includes('/') || /\.(?:sealed|json)$/.test(which);
  const place = isPath ? dirname(which) : folder;
  if (place === undefined) throw new AppError('invalid', NO_FOLDER);
  const name = basename(which).replace(/\.(?:sealed|json)$/, '');
  const manifest = await manifestAt(place, name);
  if (!manifest) throw new AppError('not_found', `there is no whole backup ${name} in ${place}`);
  return { manifest, file: sealedFile(place, name) };
}

const NO_FOLDER = 'say where the backups are with --from <folder>, or set BACKUP_DIR';

async function latestIn(folder: string | undefined, database: string | null): Promise<Found> {
  if (folder === undefined) throw new AppError('invalid', NO_FOLDER);
  const there = await backupsIn(folder).catch(async (cause: unknown) => {
    throw new AppError('not_found', (await folderTrouble(folder)) ?? `the folder ${folder} can not be read`, [], {
      cause,
    });
  });
  const all = there.filter((one) => database === null || one.database === database);
  const [latest] = all;
  if (!latest) {
    const whose = there.length === 0 ? '' : ' of this database';
    throw new AppError('not_found', `there is no whole backup${whose} in ${folder}`);
  }
  if (all.some(({ database }) => database !== latest.database))
    throw new AppError('conflict', `${folder} has backups of several databases: name the one that you mean`);
  return { manifest: latest, file: sealedFile(folder, latest.name) };
}
