import { CronExpressionParser } from 'cron-parser';
import { createTask } from 'node-cron';
import type { Ms } from '../core/time.ts';

/** The times of a cron expression, by the system's clock. */
export type Times = {
  /** The first one after now. */
  next(): Ms;
  /** The last one at or before a moment. */
  last(at: Ms): Ms;
};

/**
 * Counted in UTC. In local time an hour is left out, or comes twice, when clocks change: what is due every few minutes would
 * stand still then. For that reason node-cron only reads the expression here. Its own timer stands still for an hour even
 * when it is told to count in UTC, because it rounds the time of the host.
 */
export function timesOf(expression: string): Times {
  const task = createTask(expression, () => {}, { timezone: 'UTC' });
  return {
    next: () => task.getNextRuns(1)[0]?.getTime() ?? Number.POSITIVE_INFINITY,
    // `prev` gives what is earlier than the moment, to the second.
    last: (at) =>
      CronExpressionParser.parse(expression, { tz: 'UTC', currentDate: new Date(at + 1) })
        .prev()
        .getTime(),
  };
}
