import { wordsOf } from '../base/errors.ts';
import type { Job } from '../base/job.ts';
import { timesOf } from '../base/times.ts';
import { backupIncident } from '../core/alerting.ts';
import { type Backup, oldAfter } from '../core/backups.ts';
import { MINUTE, type Ms, SECOND } from '../core/time.ts';
import { lastBackupWords } from '../core/words/backups.ts';
import { raise } from '../store/alerts.ts';
import { backupState } from '../store/backups.ts';
import { restoreDrillJob, tellOfOldDrill } from './drill-jobs.ts';
import type { BackupInside } from './inside.ts';
import { backUp } from './make.ts';
import { accessIn } from './settings.ts';

const PAUSE: Ms = 5 * SECOND;

const backupJob: Job<BackupInside> = {
  name: 'backup',
  pause: () => PAUSE,
  start: (inside) => ({ run: () => backUpWhenDue(inside) }),
};

/** Beside the others, because what hangs can't tell that it does. */
const ageJob: Job<BackupInside> = {
  name: 'age of backups',
  pause: () => MINUTE,
  start(inside) {
    const { BACKUP_DIR: folder, RESTORE_DRILL_CRON: cron } = inside.config;
    if (folder === undefined) return { run: async () => 0 };
    const [startedAt, times] = [inside.now(), timesOf(cron)];
    return {
      async run() {
        await tellOfOldBackup(inside, startedAt);
        await tellOfOldDrill(inside, times);
        return 0;
      },
    };
  },
};

export const BACKUP_JOBS = [backupJob, restoreDrillJob, ageJob];

/** Alerts when the last good backup is old. Right after a start, or a restore, a daemon has had no time yet. */
async function tellOfOldBackup({ store, config, now }: BackupInside, startedAt: Ms): Promise<void> {
  const state = await backupState(store);
  const since = Math.max(state.good?.startedAt ?? 0, startedAt);
  if (now() - since > oldAfter(config.BACKUP_EVERY))
    await tell({ store, now }, 'backup_old', lastBackupWords(state, now()));
}

/** Makes the backup that is due, and says whether it did. Alerts when it fails. */
export async function backUpWhenDue(inside: BackupInside): Promise<number> {
  const { store, config, now, signal, log } = inside;
  const { BACKUP_DIR: folder, BACKUP_EVERY: every, BACKUP_KEEP: kept, DATABASE_URL: url } = config;
  if (folder === undefined) return 0;
  const state = await backupState(store);
  if (now() < dueAt(state, every)) return 0;
  const [all = 0, daily = 0, weekly = 0] = kept;
  try {
    const where = { folder, access: accessIn(config), keep: [all, daily, weekly] as const };
    const untidy = (error: unknown) => log.warn({ error }, 'old backups could not be taken away');
    const deps = { ...where, store, url, keys: inside.encryptionKeys, now, signal, untidy };
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

async function tell(
  { store, now }: Pick<BackupInside, 'store' | 'now'>,
  kind: 'backup_failed' | 'backup_old',
  detail: string,
): Promise<void> {
  const { key, ...incident } = backupIncident(kind, now());
  await raise(store, { item_key: key, ...incident, at: now(), detail });
}
