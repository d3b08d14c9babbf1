import { timesOf } from '../base/times.ts';
import type { Config } from '../config/config.ts';
import type { Clock, Ms } from '../core/time.ts';
import { timeWords } from '../core/words/numbers.ts';
import type { Beat } from '../http/app.ts';
import { standsStill } from '../tell/watch.ts';

type BeatSettings = Pick<Config, 'RECONCILE_CRON' | 'RECONCILE_SILENCE' | 'HOMING_ROLES'>;

/**
 * Whether the reconciler of this process runs. Daemons of one database have one note of when it was last reconciled, in which
 * one that stands still does not show.
 */
export function createBeat(
  { RECONCILE_CRON: cron, RECONCILE_SILENCE: silence, HOMING_ROLES: roles }: BeatSettings,
  { now, startedAt }: { now: Clock; startedAt: Ms },
): { reconciled(at: Ms): void; now(): Beat } {
  const times = timesOf(cron);
  let lastRun: Ms | null = null;
  return {
    reconciled(at) {
      lastRun = at;
    },
    now() {
      const since = lastRun ?? startedAt;
      // Where others reconcile, that it answers is all there is to say.
      const isStill = roles.includes('reconcile') && standsStill({ times, silence }, since, now());
      return { lastRun, problem: isStill ? `no run of the reconciler has finished since ${timeWords(since)}` : null };
    },
  };
}
