import { stopwatch } from './wait.ts';

/** How long a piece of work may keep others waiting, in ms. */
const LONGEST = 5;

/**
 * For long work on this thread: to be awaited between its parts. Lets everything else have its turn when this has gone on for
 * 5 ms.
 */
export function inTurns(): () => Promise<void> {
  let lasted = stopwatch();
  return async () => {
    if (lasted() < LONGEST) return;
    await new Promise(setImmediate);
    lasted = stopwatch();
  };
}
