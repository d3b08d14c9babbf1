import type { FileHandle } from 'node:fs/promises';
import { within } from '../base/deadline.ts';
import { wordsOf } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { renewing } from '../base/renewing.ts';
import { type Keep, superfluous } from '../core/backups.ts';
import { type Clock, DAY, HOUR, MINUTE, type Ms } from '../core/time.ts';
import { lengthWords } from '../core/words/numbers.ts';
import { BACKUP_TURN, COUNTED, countsOf, keepBackup } from '../store/backups.ts';
import { dumpOf } from '../store/db/dump.ts';
import type { Store } from '../store/db/open.ts';
import { identityOf, makeIdentity, proofOf } from '../store/notes/identity.ts';
import { giveUpTurn, holdTurn, takeTurn } from '../store/notes/turns.ts';
import type { BucketAccess } from './bucket.ts';
import { type Manifest, nameOf } from './manifest.ts';
import { pack, passedOf } from './pack.ts';
import type { Place } from './place.ts';
import { placeOf } from './places.ts';

export type BackupDeps = {
  store: Store;
  url: string;
  /** A folder, or a bucket: see `placeOf`. */
  folder: string;
  access?: BucketAccess;
  /** The first one seals, and all of them open. */
  keys: readonly string[];
  keep: Keep;
  now: Clock;
  signal: AbortSignal;
  /** Told of what could not be taken away. A backup is as good with old ones beside it. */
  untidy(error: unknown): void;
  /** What takes longer is broken off, and leaves the turn to others even where it hangs; by default some hours. */
  patience?: Ms;
};

const PATIENCE: Ms = 6 * HOUR;
/** A daemon that was killed in the middle keeps the others from making one for so long. */
const LEASE: Ms = MINUTE;

/** Makes a backup and writes down what came of it; null when another process is making one. Throws what it failed for. */
export async function backUp(deps: BackupDeps): Promise<Manifest | null> {
  const { store, now } = deps;
  const token = newId(now());
  if (!(await takeTurn(store, BACKUP_TURN, token, { now: now(), until: now() + LEASE }))) return null;
  const { patience = PATIENCE } = deps;
  const late = within(patience).signal;
  const renew = async () => !late.aborted && (await holdTurn(store, BACKUP_TURN, token, now() + LEASE));
  const startedAt = now();
  const note = (name: string | null, bytes: number | null, problem: string | null) =>
    keepBackup(store, { startedAt, endedAt: now(), name, bytes, problem });
  try {
    const made = await renewing({ lease: LEASE, renew }, (lost) =>
      makeIn({ ...deps, signal: AbortSignal.any([deps.signal, lost, late]) }, startedAt),
    );
    await note(made.name, made.bytes, null);
    return made;
  } catch (cause) {
    const error = late.aborted ? new Error(`it took longer than ${lengthWords(patience)}`, { cause }) : cause;
    if (!deps.signal.aborted) await note(null, null, wordsOf(error)).catch(() => {});
    throw error;
  } finally {
    // If this fails, it is free when its lease ends.
    await giveUpTurn(store, BACKUP_TURN, token).catch(() => {});
  }
}

/** Nothing is taken away before the new one was read back. */
async function makeIn(deps: BackupDeps, at: Ms): Promise<Manifest> {
  const { folder, access = {}, keep, now, signal, untidy } = deps;
  const place = placeOf(folder, access, signal);
  const trouble = await place.trouble();
  if (trouble !== null) throw new Error(trouble);
  const tidied = (work: Promise<void>) => work.catch((error: unknown) => (signal.aborted ? undefined : untidy(error)));
  await tidied(place.removeHalves(now() - DAY));
  const made = await writeOne(deps, place, at);
  await tidied(prune(place, made, keep, now()));
  return made;
}

async function prune(place: Place, made: Manifest, keep: Keep, now: Ms): Promise<void> {
  const all = (await place.all()).filter(({ database }) => database === made.database);
  const times = superfluous(
    all.map((one) => one.at),
    keep,
    now,
  );
  for (const one of all) if (times.includes(one.at)) await place.remove(one.name);
}

/** A name that tells this database from others, and gives nothing of it away; null before its first daemon or backup. */
export async function databaseNameOf(store: Store): Promise<string | null> {
  const identity = await identityOf(store);
  return identity === null ? null : proofOf(identity, 'backups').slice(0, 16);
}

async function writeOne({ store, url, keys, signal }: BackupDeps, place: Place, at: Ms): Promise<Manifest> {
  const [key] = keys;
  if (key === undefined) throw new Error('there is no ENCRYPTION_KEY to seal it with');
  const dump = await dumpOf(store, url, { tables: COUNTED, count: countsOf }, signal);
  const name = nameOf(at, newId(at));
  await makeIdentity(store, at);
  const database = await databaseNameOf(store);
  if (database === null) throw new Error('the database does not keep its identity');
  try {
    const { kind, migration, counts } = dump;
    const head = { homing: 'backup', version: 1, at, kind, migration } as const;
    let bytes = 0;
    let written = { plainBytes: 0, sha256: '' };
    const write = async (file: FileHandle) => {
      written = await pack(dump.bytes, file, { head, key, signal });
      bytes = (await file.stat()).size;
    };
    const check = async (file: string): Promise<Manifest> => {
      const read = await passedOf(file, { keys, signal });
      if (read.sha256 !== written.sha256) throw new Error('what was written is not what is read');
      return { version: 1, name, database, at, kind, migration, bytes, ...written, counts };
    };
    return await place.keep(name, write, check);
  } finally {
    await dump.close();
  }
}
