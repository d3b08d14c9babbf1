import { within } from '../base/deadline.ts';
import type { Job } from '../base/job.ts';
import { callOurselves } from '../base/own-process.ts';
import { timesOf } from '../base/times.ts';
import { backupIncident } from '../core/alerting.ts';
import { DRILL_GRACE, type RestoreDrillReport } from '../core/backups.ts';
import { safeLine } from '../core/safe-text.ts';
import { HOUR, type Ms, SECOND } from '../core/time.ts';
import { failedRestoreWords } from '../core/words/backups.ts';
import { lengthWords, timeWords } from '../core/words/numbers.ts';
import { raise } from '../store/alerts.ts';
import {
  beginRestoreDrill,
  endRestoreDrill,
  firstBackupAt,
  giveBackRestoreDrill,
  lastPassedRestoreDrill,
  restoreDrillOf,
} from '../store/backups.ts';
import type { BackupInside } from './inside.ts';

const PAUSE: Ms = 5 * SECOND;

export const restoreDrillJob: Job<BackupInside> = {
  name: 'restore drill',
  pause: () => PAUSE,
  start(inside) {
    const { BACKUP_DIR: folder, RESTORE_DRILL_CRON: cron } = inside.config;
    if (folder === undefined) return { run: async () => 0 };
    const times = timesOf(cron);
    const { store, now } = inside;
    const startedAt = now();
    let done = 0;
    return {
      async run() {
        const due = times.last(now());
        if (due <= done || (due <= startedAt && !(await isMissed(inside, due, startedAt)))) return 0;
        const begun = await restoreDrillOf(store, turnOf(due));
        if (begun?.hasEnded) done = due;
        else if (begun === null || now() - begun.startedAt > KILLED) {
          if (begun) await giveBackRestoreDrill(store, begun.id);
          return (await restoreDrillOnce(inside, due, drillInChild)) ? 1 : 0;
        }
        return 0;
      },
    };
  },
};

const turnOf = (due: Ms): string => `cron:${due}`;

/** A daemon that has just started has other things to do. */
const AFTER_START: Ms = HOUR;

/** Whether one is to be made up for: no daemon ran at its time, or the one that made it ended, and there was a backup to try. */
async function isMissed({ store, now }: BackupInside, due: Ms, startedAt: Ms): Promise<boolean> {
  if (now() - startedAt < AFTER_START) return false;
  const first = await firstBackupAt(store);
  return first !== null && first < due;
}

/** What came of it: a report, or what it said before it ended without one. */
export type Ended = { report: RestoreDrillReport | null; says: string };

const LONGEST = 1024 * 1024;

async function drillInChild(signal: AbortSignal): Promise<Ended> {
  const how = { signal, by: 'SIGTERM', most: LONGEST } as const;
  const { out, err, end } = await callOurselves(['restore', '--drill', '--json', '--not-kept'], how);
  return {
    report: reportIn(out),
    says: `it ended with ${end}: ${safeLine(err.trim().split('\n').at(-1) ?? '', 200).trim()}`,
  };
}

function reportIn(text: string): RestoreDrillReport | null {
  try {
    const report = JSON.parse(text) as RestoreDrillReport;
    return report.version === 1 && Array.isArray(report.checks) ? report : null;
  } catch {
    return null;
  }
}

/** By then something hangs. */
const PATIENCE: Ms = 6 * HOUR;
/** One that has not ended by then was killed. */
const KILLED: Ms = 2 * PATIENCE;

/**
 * The drill of one time of the schedule, made by the first daemon that asks; says whether it was this one. It is broken off
 * when it takes longer than `patience`.
 */
export async function restoreDrillOnce(
  { store, now, signal, log }: BackupInside,
  due: Ms,
  play: (signal: AbortSignal) => Promise<Ended>,
  patience = PATIENCE,
): Promise<boolean> {
  const id = await beginRestoreDrill(store, turnOf(due), now());
  if (id === null) return false;
  log.info({}, 'a restore drill has begun');
  const late = within(patience).signal;
  const { report, says } = await play(AbortSignal.any([signal, late]));
  // Another daemon, or this one when it is there again, makes it in its place.
  if (signal.aborted) {
    await giveBackRestoreDrill(store, id);
    return false;
  }
  const failed = late.aborted ? [`it took longer than ${lengthWords(patience)}`] : report ? failedIn(report) : [says];
  const passed = !late.aborted && report?.passed === true;
  const { backup = null, backupAt = null, restoreTook = null } = report ?? {};
  await endRestoreDrill(store, id, {
    backup,
    backupAt,
    restoreTook,
    endedAt: now(),
    passed,
    failed,
  });
  log.info({ passed, failed, backup, restoreTook }, 'a restore drill has ended');
  if (passed) return true;
  const kind = 'restore_drill_failed';
  const which = backup === null ? '' : ` (${backup})`;
  const detail = `The restore drill${which} failed: ${failedRestoreWords(failed)}.`;
  await raise(store, { item_key: `${kind}:${id}`, incident: kind, kind, at: now(), detail });
  return true;
}

const failedIn = ({ checks }: RestoreDrillReport): string[] =>
  checks.filter(({ passed }) => !passed).map(({ check }) => check);

/** Alerts when none has passed that was due a week ago; of an installation that is younger nothing is expected. */
export async function tellOfOldDrill({ store, now }: BackupInside, times: { last(at: Ms): Ms }): Promise<void> {
  const due = times.last(now() - DRILL_GRACE);
  const passed = await lastPassedRestoreDrill(store);
  if (passed !== null && passed >= due) return;
  const since = passed ?? (await firstBackupAt(store));
  if (since === null || since >= due) return;
  const detail =
    passed === null
      ? 'No backup was ever restored to the side with success.'
      : `The last one that passed is of ${timeWords(passed)}, ${lengthWords(now() - passed)} ago.`;
  const { key, ...incident } = backupIncident('restore_drill_old', now());
  await raise(store, { item_key: key, ...incident, at: now(), detail });
}
