import { CronExpressionParser } from 'cron-parser';
import { DAY, HOUR, type Ms } from '../../core/time.ts';
import { addDays, dayAt, fromWallClock, wallClock } from './days.ts';

/** A summary that is to be sent: the calendar days since the last one was due, up to the day before it is due. */
export type DueSummary = { firstDay: string; lastDay: string };

/** Summaries that a daemon missed are sent for this many days at most. */
const MOST = 7;
const LONGEST = 31;

/**
 * The summaries that were due after `since` and up to now, oldest first, one for each calendar day. They follow from
 * the calendar and not from the runs of a timer: a run is missed when the daemon is off, and with node-cron also at
 * some changes of clocks.
 */
export function dueSummaries(cron: string, timezone: string, since: Ms, now: Ms): DueSummary[] {
  const today = dayAt(now, timezone);
  const days = Array.from({ length: MOST }, (_, i) => addDays(today, i + 1 - MOST, timezone));
  return days.flatMap((day) => {
    const at = dueOn(cron, timezone, day, since);
    return at === null || at > now ? [] : [summaryDueOn(cron, timezone, day)];
  });
}

/**
 * The first time after `since` on that day at which the expression is due, if there is one. It is compared with the
 * clock on the wall. A time that a change of clocks skips is due as soon as the clock has passed it.
 */
function dueOn(cron: string, timezone: string, day: string, since: Ms): Ms | null {
  const midnight = Date.parse(`${day}T00:00:00Z`);
  const [first, last] = [midnight, midnight + DAY].map((wall) => fromWallClock(wall, timezone));
  // When clocks go back an hour comes twice, so a time that looks past on the wall may still come.
  const back = first !== undefined && last !== undefined && last - first !== DAY ? HOUR : 0;
  const after = Math.max(wallClock(since, timezone) - back, midnight - 1);
  const times = CronExpressionParser.parse(cron, { currentDate: new Date(after), tz: 'UTC' });
  for (let wall = times.next().getTime(); wall < midnight + DAY; wall = times.next().getTime()) {
    const at = fromWallClock(wall, timezone);
    if (at > since) return at;
  }
  return null;
}

function summaryDueOn(cron: string, timezone: string, day: string): DueSummary {
  const lastDay = addDays(day, -1, timezone);
  for (let n = 1; n <= LONGEST; n++) {
    const before = addDays(day, -n, timezone);
    if (dueOn(cron, timezone, before, 0) !== null) return { firstDay: before, lastDay };
  }
  return { firstDay: addDays(day, -LONGEST, timezone), lastDay };
}

/** When a summary was last due; null when not within a month. */
export function lastDueAt(cron: string, timezone: string, now: Ms): Ms | null {
  const today = dayAt(now, timezone);
  for (let n = 0; n <= LONGEST; n++) {
    const at = dueOn(cron, timezone, addDays(today, -n, timezone), 0);
    if (at !== null && at <= now) return at;
  }
  return null;
}
