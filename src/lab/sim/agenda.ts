import type { Clock, Ms } from '../../core/time.ts';

/** What is to happen at a moment; `order` breaks ties (lower first, then as added). */
export type Agenda = {
  add: (at: Ms, act: () => void | Promise<void>, order?: number) => void;
  /** Performs all that is due by then, and what that makes due; resolves when nothing of it is in flight. */
  runDue: (now?: Ms) => Promise<void>;
  nextAt: () => Ms | null;
  /** Forgets all and starts nothing more. */
  stop: () => void;
};

type Item = { at: Ms; order: number; serial: number; act: () => void | Promise<void> };

/** setTimeout fires at once for anything longer than 2^31-1 ms. */
const LONGEST_TIMER: Ms = 2 ** 31 - 1;

/**
 * `timers`: a timer performs what falls due. `hand`: nothing happens until `runDue` is called, so that a test with a
 * clock of its own never sleeps. At most `width` promises are in flight.
 */
export const createAgenda = (clock: Clock, drive: 'timers' | 'hand', width: number): Agenda => {
  const items: Item[] = [];
  const running = new Set<Promise<void>>();
  let serial = 0;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  const isDue = (now: Ms): boolean => items[0] !== undefined && items[0].at <= now;

  const start = (item: Item): void => {
    const promise = item.act();
    if (promise === undefined) return;
    running.add(promise);
    void promise.finally(() => {
      running.delete(promise);
      if (drive === 'timers') tick();
    });
  };

  const pump = (now: Ms): void => {
    while (!stopped && running.size < width && isDue(now)) {
      const item = items.shift();
      if (item !== undefined) start(item);
    }
  };

  const tick = (): void => {
    pump(clock());
    clearTimeout(timer);
    const next = items[0];
    if (stopped || next === undefined || running.size >= width) return;
    timer = setTimeout(tick, Math.min(Math.max(next.at - clock(), 0), LONGEST_TIMER));
  };

  return {
    add: (at, act, order = 0) => {
      if (stopped) return;
      insert(items, { at, order, serial: serial++, act });
      if (drive === 'timers' && items[0]?.serial === serial - 1) {
        clearTimeout(timer);
        timer = setTimeout(tick, Math.min(Math.max(at - clock(), 0), LONGEST_TIMER));
      }
    },
    runDue: async (now = clock()) => {
      while (!stopped && (isDue(now) || running.size > 0)) {
        pump(now);
        if (running.size > 0) await Promise.race(running);
      }
    },
    nextAt: () => items[0]?.at ?? null,
    stop: () => {
      stopped = true;
      items.length = 0;
      clearTimeout(timer);
    },
  };
};

const insert = (items: Item[], item: Item): void => {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = items[middle];
    if (other !== undefined && compare(other, item) <= 0) low = middle + 1;
    else high = middle;
  }
  items.splice(low, 0, item);
};

const compare = (a: Item, b: Item): number => a.at - b.at || a.order - b.order || a.serial - b.serial;
