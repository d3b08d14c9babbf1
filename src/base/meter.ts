import { type Clock, type Ms, SECOND } from '../core/time.ts';

/** Counts what passes, and says at what rate it does at the moment. */
export type Meter = { add(count: number): void; perSecond(): number };

const MOMENT: Ms = SECOND / 5;

/** `now` never goes back. */
export function createMeter(now: Clock): Meter {
  let since = now();
  let counts = { before: 0, current: 0 };

  function turnOver(): void {
    const passed = now() - since;
    if (passed < MOMENT) return;
    counts = { before: passed < 2 * MOMENT ? counts.current : 0, current: 0 };
    since = now();
  }

  return {
    add(count) {
      turnOver();
      counts.current += count;
    },
    perSecond() {
      turnOver();
      return Math.max(counts.before, counts.current) * (SECOND / MOMENT);
    },
  };
}
