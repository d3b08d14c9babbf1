import type { Clock, Ms } from '../core/time.ts';
import { within } from './wait.ts';

/**
 * Lets what somebody waits for go before what has time. All the work of a daemon shares a thread, and on SQLite a connection,
 * so a large piece of work delays each statement of a small one.
 */
export type RightOfWay = {
  /** Does what somebody waits for. `isWork` tells of its result whether there was anything to do. */
  first<T>(work: () => Promise<T>, isWork?: (result: T) => boolean): Promise<T>;
  /** Asked for before each piece of work that has time: resolves when nothing is under way that goes first, or soon. */
  clear(): Promise<void>;
  /**
   * Whether something went first a moment ago, so that more of it is likely: pieces of work are to be small. Not when so
   * much goes first that the rest hardly gets its turn: in small pieces it would fall behind.
   */
  isWanted(): boolean;
};

/** However much goes first, the rest gets its turn after this time. */
const SOON: Ms = 100;
const A_MOMENT: Ms = 2000;

/** `now` never goes back. */
export function createRightOfWay(now: Clock): RightOfWay {
  const underWay = new Set<Promise<unknown>>();
  let usedAt = Number.NEGATIVE_INFINITY;
  let isCrowded = false;

  async function untilNothing(until: Ms): Promise<void> {
    while (underWay.size > 0 && now() < until) {
      await within(Promise.allSettled(underWay), until - now(), null);
      // What follows from it at once, as the sending of a mail from its taking, goes first as well.
      await new Promise(setImmediate);
    }
  }

  return {
    async first(work, isWork = () => true) {
      const doing = work();
      underWay.add(doing);
      try {
        const result = await doing;
        if (isWork(result)) usedAt = now();
        return result;
      } finally {
        underWay.delete(doing);
      }
    },
    async clear() {
      await untilNothing(now() + SOON);
      isCrowded = underWay.size > 0;
    },
    isWanted: () => !isCrowded && (underWay.size > 0 || now() - usedAt < A_MOMENT),
  };
}
