import type { BackupState, KeptRestoreDrill, RestoreCheckName } from '../backups.ts';
import { safeLine } from '../safe-text.ts';
import type { Ms } from '../time.ts';
import { lengthWords, timeWords } from './numbers.ts';

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'];

/** `41 MB`, in thousands. */
export function sizeWords(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const amount = bytes / 1000 ** power;
  return `${amount < 10 && power > 0 ? amount.toFixed(1) : Math.round(amount)} ${UNITS[power]}`;
}

/** How the backups stand, in a sentence or two. */
export function lastBackupWords({ good, failure }: BackupState, now: Ms): string {
  const last = good
    ? `The last backup is of ${timeWords(good.startedAt)}, ${lengthWords(Math.max(0, now - good.startedAt))} ago (${sizeWords(good.bytes ?? 0)}).`
    : 'No backup was made yet.';
  return failure
    ? `${last} The one of ${timeWords(failure.startedAt)} failed: ${safeLine(failure.problem ?? '').trim()}.`
    : last;
}

/** What each check of a restore drill asks. */
export const RESTORE_CHECK_WORDS: Record<RestoreCheckName, string> = {
  restored: 'it can be restored',
  counts: 'nothing is missing, and it is not old',
  conserved: 'its tables agree with each other',
  keys: 'the mail in it opens',
  nothing_at_once: 'nothing leaves before the records were read',
  nothing_twice: 'nothing is sent twice',
};

/** What it means that a check failed. */
const FAILED_WORDS: Record<RestoreCheckName, string> = {
  restored: 'it could not be restored',
  counts: 'something is missing in it, or it is old',
  conserved: 'its tables do not agree with each other',
  keys: 'mail that is kept in it does not open',
  nothing_at_once: 'mail would leave before the records were read',
  nothing_twice: 'mail would be sent twice, or the trial did not come to its end',
};

/** The names of checks are told in words, and whatever else it failed for as it is. */
export function failedRestoreWords(failed: readonly string[]): string {
  const words: Readonly<Record<string, string>> = FAILED_WORDS;
  return failed.map((one) => words[one] ?? safeLine(one).trim()).join('; ') || 'nobody knows why';
}

/** The last restore drill in a sentence. */
export function lastRestoreDrillWords({ startedAt, passed, failed, restoreTook }: KeptRestoreDrill, now: Ms): string {
  const what = `The last restore drill of ${timeWords(startedAt)}, ${lengthWords(Math.max(0, now - startedAt))} ago,`;
  if (passed === null) return `${what} has not ended.`;
  if (!passed) return `${what} failed: ${failedRestoreWords(failed)}.`;
  return `${what} passed${restoreTook === null ? '' : `: the restore took ${lengthWords(restoreTook)}`}.`;
}
