import { basename, dirname } from 'node:path';
import { AppError } from '../base/errors.ts';
import { backupsIn, folderTrouble, type Manifest, manifestAt, sealedFile } from './folder.ts';

export type Found = { manifest: Manifest; file: string };

/** The backup that is meant: `latest` of a folder, its name in that folder, or one of its two files. */
export async function findBackup(which: string, folder: string | undefined): Promise<Found> {
  if (which === 'latest') return latestIn(folder);
  const isPath = which.includes('/') || /\.(?:sealed|json)$/.test(which);
  const place = isPath ? dirname(which) : folder;
  if (place === undefined) throw new AppError('invalid', NO_FOLDER);
  const name = basename(which).replace(/\.(?:sealed|json)$/, '');
  const manifest = await manifestAt(place, name);
  if (!manifest) throw new AppError('not_found', `there is no whole backup ${name} in ${place}`);
  return { manifest, file: sealedFile(place, name) };
}

const NO_FOLDER = 'say where the backups are with --from <folder>, or set BACKUP_DIR';

async function latestIn(folder: string | undefined): Promise<Found> {
  if (folder === undefined) throw new AppError('invalid', NO_FOLDER);
  const all = await backupsIn(folder).catch(async (cause: unknown) => {
    throw new AppError('not_found', (await folderTrouble(folder)) ?? `the folder ${folder} can not be read`, [], {
      cause,
    });
  });
  const [latest] = all;
  if (!latest) throw new AppError('not_found', `there is no whole backup in ${folder}`);
  if (all.some(({ database }) => database !== latest.database))
    throw new AppError('conflict', `${folder} has backups of several databases: name the one that you mean`);
  return { manifest: latest, file: sealedFile(folder, latest.name) };
}
