import { wordsOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Config } from '../../config/config.ts';
import type { Env } from '../../config/env.ts';
import { settingsOf } from '../../config/settings.ts';
import {
  differentTables,
  oldAfter,
  RESTORE_CHECKS,
  type RestoreCheck,
  type RestoreCheckName,
  type RestoreDrillReport,
} from '../../core/backups.ts';
import { type Clock, MINUTE, type Ms } from '../../core/time.ts';
import { counted, lengthWords, timeWords } from '../../core/words/numbers.ts';
import { keyTrouble } from '../../intake/sealing-keys.ts';
import { doubtAll } from '../../operate/restored.ts';
import { homesBy } from '../../providers/registry/homes.ts';
import { countsOf } from '../../store/backups.ts';
import { conserved } from '../../store/conserved.ts';
import { withDatabaseBeside } from '../../store/db/beside.ts';
import type { Store } from '../../store/db/open.ts';
import { parseDatabaseUrl } from '../../store/db/url.ts';
import { type Found, findBackup } from '../find.ts';
import type { Manifest } from '../manifest.ts';
import { restoreBackup } from '../restore.ts';
import { accessIn } from '../settings.ts';
import { stayHere } from './guard.ts';
import { type Afterlife, handedOver, liveAgain, liveOn, openOutside } from './lives.ts';

export type DrillGiven = {
  config: Config;
  env: Env;
  folder: string;
  now: Clock;
  signal: AbortSignal;
  log: Log;
  /** Told of each check when it is made. */
  say(check: RestoreCheck): void;
  /** The real database at this moment; null where it can't be asked. */
  live: Live | null;
  /** How long mail is played in the restored copy, by the clock on the wall. */
  patience?: Ms;
};

/** How many rows are in it, and how backups name it: null when it has none. */
export type Live = { counts: Record<string, number>; database: string | null };

/** Restores the latest backup to the side, and finds out what would become of the mail in it. */
export async function restoreDrill(given: DrillGiven): Promise<RestoreDrillReport> {
  const { config, now, say } = given;
  const startedAt = now();
  const checks: RestoreCheck[] = [];
  const note = (one: RestoreCheck) => {
    checks.push(one);
    say(one);
  };
  let found: Found | null = null;
  let restoreTook: Ms | null = null;
  let undo = () => {};
  try {
    found = await findBackup('latest', {
      ...{ folder: given.folder, access: accessIn(config), database: given.live?.database ?? null },
      signal: given.signal,
    });
    undo = stayHere(hostsOf(config));
    restoreTook = await looksAtCopy(given, found, note);
    await playsLives(given, found, note);
  } catch (error) {
    // What breaks off is the check that comes next.
    note({ check: nextAfter(checks), passed: false, says: wordsOf(error) });
  } finally {
    undo();
    await found?.done();
  }
  const { name: backup = null, at: backupAt = null } = found?.manifest ?? {};
  const passed = checks.every((one) => one.passed);
  return { version: 1, backup, backupAt, startedAt, endedAt: now(), restoreTook, passed, checks };
}

function hostsOf({ DATABASE_URL, RESTORE_DRILL_DATABASE_URL }: Config): string[] {
  return [DATABASE_URL, RESTORE_DRILL_DATABASE_URL].flatMap((url) => {
    const place = url === undefined ? null : parseDatabaseUrl(url);
    return place?.kind === 'mysql' ? [place, ...place.others].map(({ host }) => host) : [];
  });
}

const nextAfter = (checks: readonly RestoreCheck[]): RestoreCheckName =>
  RESTORE_CHECKS.find((name) => !checks.some(({ check }) => check === name)) ?? 'nothing_twice';

type Note = (check: RestoreCheck) => void;

/** An empty database for a while, filled from the backup. */
const withCopy = <T, A>(
  { config, now, signal }: DrillGiven,
  found: Found,
  prepare: (store: Store) => Promise<A>,
  work: (url: string, filled: { took: Ms; answer: A }) => Promise<T>,
): Promise<T> => {
  const where = { url: config.DATABASE_URL, given: config.RESTORE_DRILL_DATABASE_URL, now: now() };
  return withDatabaseBeside(where, async (url) => {
    const began = now();
    const answer = await restoreBackup(found, { url, keys: config.ENCRYPTION_KEY, signal }, prepare);
    return work(url, { took: now() - began, answer });
  });
};

/** Restores it as in an emergency, and reads it through. Says how long the restore took. */
async function looksAtCopy(given: DrillGiven, found: Found, note: Note): Promise<Ms> {
  const { config, now } = given;
  const { manifest } = found;
  const read = async (store: Store) => {
    const began = now();
    const seen = {
      counts: await countsOf(store),
      sums: await conserved(store),
      trouble: await keyTrouble(store, config.ENCRYPTION_KEY),
    };
    const reading = now() - began;
    await doubtAll(store, homesBy(config, settingsOf(config).preference, now), WHO, now());
    return { ...seen, reading };
  };
  return withCopy(given, found, read, async (_url, { took, answer: { counts, sums, trouble, reading } }) => {
    const restored = `${manifest.name}, of ${timeWords(manifest.at)}, was restored in ${lengthWords(took - reading)}`;
    note({ check: 'restored', passed: true, says: restored });
    note(aboutCounts(given, manifest, counts));
    const { deliveries, open, problems } = sums;
    const fine = `${counted(deliveries, 'delivery', 'deliveries')}, ${open} of them open: all stand as their facts say`;
    note({ check: 'conserved', passed: problems.length === 0, says: problems.join('; ') || fine });
    note({ check: 'keys', passed: trouble === null, says: trouble ?? 'the mail that is kept in it opens' });
    return took - reading;
  });
}

/** In the audit of the copy. */
const WHO = 'a restore drill';

function aboutCounts(
  { config, live, now }: DrillGiven,
  { at, kind, counts }: Manifest,
  restored: Record<string, number>,
): RestoreCheck {
  const off = differentTables(kind, counts, restored);
  const age = now() - at;
  const isOld = age > oldAfter(config.BACKUP_EVERY);
  const differs = off.map((table) => `${table}: ${restored[table] ?? 0} rows in place of ${counts[table] ?? 0}`);
  const newer = live ? `, and the real database has ${live.counts['messages'] ?? 0}` : '';
  const says = [
    ...differs,
    ...(isOld ? [`it is ${lengthWords(age)} old`] : []),
    `${restored['messages'] ?? 0} messages are in it${newer}`,
  ];
  return { check: 'counts', passed: off.length === 0 && !isOld, says: says.join('; ') };
}

/** The restored copy is looked on at for so long after all records are final. */
const AFTERWARDS: Ms = 10 * MINUTE;
/** By the clock on the wall: what has left of the first copy by then is enough, and the second has to come to its end. */
const PATIENCE = { first: 2 * MINUTE, second: 10 * MINUTE };

async function playsLives(given: DrillGiven, found: Found, note: Note): Promise<void> {
  const { config, env, signal, log, patience = PATIENCE.second } = given;
  const outside = await openOutside(config, found.manifest.at);
  try {
    const life = (url: string) => ({ url, env, outside, log, signal, patience });
    await withCopy(
      given,
      found,
      async () => {},
      (url) => liveOn({ ...life(url), patience: PATIENCE.first }, config.BACKUP_EVERY),
    );
    const left = new Set(handedOver(outside));
    const again = await withCopy(
      given,
      found,
      async () => {},
      (url) => liveAgain(life(url), config.EVENTS_SETTLE + AFTERWARDS),
    );
    note(aboutFirst(again));
    note(aboutSecond(again, left));
  } finally {
    await outside.close();
  }
}

function aboutFirst({ open, due, atOnce }: Afterlife): RestoreCheck {
  const mails = counted(open, 'mail is', 'mails are');
  const says =
    atOnce.length === 0
      ? `${mails} open, ${due} of them due at once, and none is handed over before the records were read`
      : `${counted(atOnce.length, 'mail')} would leave at once, before the records were read: ${listed(atOnce)}`;
  return { check: 'nothing_at_once', passed: atOnce.length === 0, says };
}

/** What leaves again and says that it may be a second copy is what it is meant to do where nobody can be asked. */
function aboutSecond({ later, said, unasked, isWhole }: Afterlife, left: ReadonlySet<string>): RestoreCheck {
  const check = 'nothing_twice';
  const again = later.filter((name) => left.has(name));
  const twice = again.filter((name) => !said.has(name));
  if (twice.length > 0)
    return { check, passed: false, says: `${counted(twice.length, 'mail')} would be sent twice: ${listed(twice)}` };
  if (!isWhole) return { check, passed: false, says: 'there was more to play than time for it, so nobody knows' };
  const none = left.size === 0 ? 'no mail left after the backup, so none could leave again' : null;
  const but = again.length === 0 ? '' : `, but for ${again.length} that nobody can be asked about and that say so`;
  const says =
    none ?? `${counted(left.size, 'mail')} left after the backup, and none of it again after the restore${but}`;
  const waits =
    unasked === 0
      ? ''
      : `; ${counted(unasked, 'mail')} may be at a secondary that can't be asked: unconfirmed, not sent again`;
  return { check, passed: true, says: says + waits };
}

/** By their Message-Ids: who was to get them is nobody's business here. */
const listed = (names: readonly string[]): string =>
  names
    .slice(0, 5)
    .map((name) => name.split(' ')[0])
    .join(', ');
