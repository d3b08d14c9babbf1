import { wordsOf } from '../base/errors.ts';
import type { Job } from '../base/job.ts';
import type { Log } from '../base/log.ts';
import { backupIncident } from '../core/alerting.ts';
import { type Backup, oldAfter } from '../core/backups.ts';
import { type Clock, MINUTE, type Ms, SECOND } from '../core/time.ts';
import { lastBackupWords } from '../core/words/backups.ts';
import { raise } from '../store/alerts.ts';
import { backupState } from '../store/backups.ts';
import type { Store } from '../store/db/open.ts';
import { backUp } from './make.ts';
import type { BackupSettings } from './settings.ts';

export type BackupInside = {
  store: Store;
  now: Clock;
  signal: AbortSignal;
  log: Log;
  encryptionKeys: readonly string[];
  config: BackupSettings & { DATABASE_URL: string };
};

const PAUSE: Ms = 5 * SECOND;

const backupJob: Job<BackupInside> = {
  name: 'backup',
  pause: () => PAUSE,
  start(inside) {
    const startedAt = inside.now();
    return { run: () => backUpWhenDue(inside, startedAt) };
  },
};

export const BACKUP_JOBS = [backupJob];

/** Makes the backup that is due, and says whether it did. Alerts when it fails, and when the last good one is old. */
export async function backUpWhenDue(inside: BackupInside, startedAt: Ms): Promise<number> {
  const { store, config, now, signal, log } = inside;
  const { BACKUP_DIR: folder, BACKUP_EVERY: every, BACKUP_KEEP: kept, DATABASE_URL: url } = config;
  if (folder === undefined) return 0;
  const state = await backupState(store);
  if (now() < dueAt(state, every)) return 0;
  const good = state.good?.startedAt ?? startedAt;
  // Right after a start, or a restore, a daemon has had no time yet.
  if (now() - Math.max(good, startedAt) > oldAfter(every))
    await tell(inside, 'backup_old', lastBackupWords(state, now()));
  const [all = 0, daily = 0, weekly = 0] = kept;
  try {
    const deps = { store, url, folder, keys: inside.encryptionKeys, keep: [all, daily, weekly] as const, now, signal };
    const made = await backUp(deps);
    if (made) log.info({ backup: made.name, bytes: made.bytes }, 'the database was backed up');
    return made ? 1 : 0;
  } catch (error) {
    if (signal.aborted) return 0;
    log.error({ error }, 'the database could not be backed up');
    await tell(inside, 'backup_failed', `${wordsOf(error)}.`);
    return 0;
  }
}

/** After a failure it is tried again soon. */
function dueAt({ good, failure }: { good: Backup | null; failure: Backup | null }, every: Ms): Ms {
  const due = good === null ? 0 : good.startedAt + every;
  return failure ? Math.max(due, failure.endedAt + Math.min(every, MINUTE)) : due;
}

async function tell({ store, now }: BackupInside, kind: 'backup_failed' | 'backup_old', detail: string): Promise<void> {
  const { key, ...incident } = backupIncident(kind, now());
  await raise(store, { item_key: key, ...incident, at: now(), detail });
}
