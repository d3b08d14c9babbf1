import { inBackground } from '../base/wait.ts';
import type { Ms } from '../core/time.ts';

/** Work in the background: never twice at once, and again after a pause when it failed. */
export type Persistent = {
  /** Begins after `wait`, if it does not begin sooner anyway. What is under way by then is followed by another. */
  later(wait: Ms): void;
  /** Begins now, unless it is under way. Resolves at its end, whether it failed or not. */
  now(): Promise<void>;
  /** The end of what is under way. */
  ended(): Promise<void>;
  /** From now on it no longer begins by itself. */
  stop(): void;
};

export function persistent(work: () => Promise<void>, pause: Ms): Persistent {
  let callOff: (() => void) | null = null;
  let underWay: Promise<void> | null = null;
  let stopped = false;

  function later(wait: Ms): void {
    if (callOff || stopped) return;
    callOff = inBackground(wait, () => {
      callOff = null;
      // What is under way may have begun before the reason for this one came up.
      void ended().then(() => (stopped ? undefined : now()));
    });
  }

  function now(): Promise<void> {
    underWay ??= work()
      .catch(() => later(pause))
      .finally(() => {
        underWay = null;
      });
    return underWay;
  }

  const ended = async () => void (await underWay);

  return {
    later,
    now,
    ended,
    stop() {
      stopped = true;
      callOff?.();
    },
  };
}
