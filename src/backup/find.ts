import { basename, dirname } from 'node:path';
import { AppError } from '../base/errors.ts';
import { type BucketAccess, folderOf, isBucket } from './bucket.ts';
import type { Manifest } from './manifest.ts';
import type { Place, Taken } from './place.ts';
import { placeOf } from './places.ts';

export type Found = { manifest: Manifest } & Taken;

export type Where = {
  /** What BACKUP_DIR or an option says. */
  folder: string | undefined;
  access?: BucketAccess;
  /** Whose the latest has to be, as backups name a database: those of others do not count then. */
  database?: string | null;
  signal?: AbortSignal;
};

/** The backup that is meant: `latest` of a place, its name in that place, or one of its two files. It is on this machine then. */
export async function findBackup(
  which: string,
  { folder, access = {}, database = null, signal }: Where,
): Promise<Found> {
  const isLatest = which === 'latest';
  const isPath = which.includes('/') || /\.(?:sealed|json)$/.test(which);
  const where = isPath ? (isBucket(which) ? folderOf(which) : dirname(which)) : folder;
  if (where === undefined) throw new AppError('invalid', NO_FOLDER);
  const place = placeOf(where, access, signal);
  const name = basename(which).replace(/\.(?:sealed|json)$/, '');
  const manifest = isLatest ? await latestIn(place, database) : await place.find(name);
  if (!manifest) throw new AppError('not_found', `there is no whole backup ${name} in ${where}`);
  return { manifest, ...(await place.take(manifest.name)) };
}

const NO_FOLDER = 'say where the backups are with --from <folder>, or set BACKUP_DIR';

async function latestIn(place: Place, database: string | null): Promise<Manifest> {
  const there = await place.all().catch(async (cause: unknown) => {
    throw new AppError('not_found', (await place.trouble()) ?? `${place.name} can not be read`, [], { cause });
  });
  const all = there.filter((one) => database === null || one.database === database);
  const [latest] = all;
  if (!latest) {
    const whose = there.length === 0 ? '' : ' of this database';
    throw new AppError('not_found', `there is no whole backup${whose} in ${place.name}`);
  }
  if (all.some(({ database }) => database !== latest.database))
    throw new AppError('conflict', `${place.name} has backups of several databases: name the one that you mean`);
  return latest;
}
