import { growingPause } from './core/policy.ts';
import type { Clock, Ms } from './core/time.ts';

/** Something that refuses to work: since when, how often in a row, and until when it is left alone. */
export type Down = { since: Ms; until: Ms; times: number; why: string };

/**
 * What refuses to work is left alone for a while, for longer each time, so that a thousand that are due do not each find
 * out by themselves. Known to this process only: another one finds out by one refusal of its own.
 */
export type Gate = {
  /** `wait`: how long we were asked to stay away. */
  refused(name: string, why: string, wait?: Ms | null): void;
  worked(name: string): void;
  /** Null when it may be used now. */
  closed(name: string): Down | null;
  /** How it stands: null when it worked the last time, undefined when it was not used yet. */
  standing(name: string): Down | null | undefined;
};

export function createGate({ now, pause }: { now: Clock; pause: Ms }): Gate {
  const known = new Map<string, Down | null>();
  const closed = (name: string): Down | null => {
    const down = known.get(name);
    return down && down.until > now() ? down : null;
  };
  return {
    closed,
    refused(name, why, wait = null) {
      const before = known.get(name);
      const at = now();
      // What was under way when the first refusal came adds nothing, unless it was asked to stay away for longer.
      const times = before && closed(name) ? before.times : (before?.times ?? 0) + 1;
      const until = Math.max(before?.until ?? 0, at + (wait ?? (closed(name) ? 0 : growingPause(pause, times))));
      known.set(name, { since: before?.since ?? at, until, times, why });
    },
    worked: (name) => void known.set(name, null),
    standing: (name) => known.get(name),
  };
}
