import { CronExpressionParser } from 'cron-parser';
import type { Ms } from '../core/time.ts';
import { addDays, dayAt } from './days.ts';

/** A report that is to be sent: the calendar days since the last time one was due, up to yesterday. */
export type DueReport = { firstDay: string; lastDay: string };

/** What a daemon that was off for longer missed is not sent any more. */
const MOST = 7;
const LONGEST = 31;

/**
 * The reports that were due after `since` and up to now, oldest first. By the times of the calendar and not by ticks: a
 * tick is lost when the daemon is off, and with node-cron also at some clock changes.
 */
export function dueReports(cron: string, timezone: string, since: Ms, now: Ms): DueReport[] {
  const expression = CronExpressionParser.parse(cron, { currentDate: new Date(now + 1), tz: timezone });
  const due = new Map<string, DueReport>();
  let at = expression.prev().getTime();
  for (let n = 0; at > since && due.size < MOST && n < 10_000; n++) {
    const before = expression.prev().getTime();
    const lastDay = addDays(dayAt(at, timezone), -1, timezone);
    const wanted = dayAt(before, timezone);
    const earliest = addDays(lastDay, 1 - LONGEST, timezone);
    const firstDay = wanted > lastDay ? lastDay : wanted < earliest ? earliest : wanted;
    // Of several times on one day the first counts, so that the report does not leave out what the day before was due for.
    due.set(lastDay, { firstDay, lastDay });
    at = before;
  }
  return [...due.values()].reverse();
}

/** When a report was last due. */
export const lastDueAt = (cron: string, timezone: string, now: Ms): Ms =>
  CronExpressionParser.parse(cron, { currentDate: new Date(now + 1), tz: timezone })
    .prev()
    .getTime();
