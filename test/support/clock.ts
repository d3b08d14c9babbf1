import { type Clock, MINUTE, type Ms } from '../../src/core/time.ts';

/** A morning on which nothing special happens. */
export const MORNING: Ms = Date.UTC(2026, 10, 25, 9);

/** So many minutes after it. */
export const at = (minutes: number): Ms => MORNING + minutes * MINUTE;

export type SetClock = Clock & { set(at: Ms): void; advance(by: Ms): Ms };

/** A clock that stands until the test moves it. */
export function clockAt(start: Ms = MORNING): SetClock {
  let time = start;
  return Object.assign(() => time, {
    set: (at: Ms) => {
      time = at;
    },
    advance: (by: Ms) => {
      time += by;
      return time;
    },
  });
}
