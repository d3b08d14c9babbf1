import type { Clock, Ms } from '../../core/time.ts';

/** What is to happen at a moment; `order` breaks ties (lower first, then as added). */
export type Agenda = {
  add: (at: Ms, act: Act, order?: number) => void;
  /** Performs all that is due by then, and what that makes due; resolves when nothing of it is in flight. */
  runDue: (now?: Ms) => Promise<void>;
  nextAt: () => Ms | null;
  /** Forgets all and starts nothing more. */
  stop: () => void;
};

type Act = () => void | Promise<void>;
type Item = { at: Ms; order: number; serial: number; act: Act };

type Diary = {
  clock: Clock;
  drive: 'timers' | 'hand';
  /** How many promises may be in flight. */
  width: number;
  /** By time, then order, then as added. */
  items: Item[];
  running: Set<Promise<void>>;
  added: number;
  stopped: boolean;
  timer: NodeJS.Timeout | undefined;
};

/** A longer wait makes setTimeout fire at once. */
const LONGEST_TIMER: Ms = 2 ** 31 - 1;

/**
 * `timers`: a timer performs what falls due. `hand`: nothing happens until `runDue` is called, so that a test with a
 * clock of its own never sleeps.
 */
export function createAgenda(clock: Clock, drive: 'timers' | 'hand', width: number): Agenda {
  const diary: Diary = {
    clock,
    drive,
    width,
    items: [],
    running: new Set(),
    added: 0,
    stopped: false,
    timer: undefined,
  };
  return {
    add: (at, act, order = 0) => add(diary, { at, order, act }),
    runDue: (now = clock()) => runDue(diary, now),
    nextAt: () => diary.items[0]?.at ?? null,
    stop: () => stop(diary),
  };
}

function add(diary: Diary, what: Omit<Item, 'serial'>): void {
  if (diary.stopped) return;
  const item = { ...what, serial: diary.added++ };
  insert(diary.items, item);
  if (diary.drive === 'timers' && diary.items[0] === item) setTimer(diary);
}

async function runDue(diary: Diary, now: Ms): Promise<void> {
  while (!diary.stopped && (isDue(diary, now) || diary.running.size > 0)) {
    startDue(diary, now);
    if (diary.running.size > 0) await Promise.race(diary.running);
  }
}

function stop(diary: Diary): void {
  diary.stopped = true;
  diary.items.length = 0;
  clearTimeout(diary.timer);
}

function setTimer(diary: Diary): void {
  clearTimeout(diary.timer);
  const next = diary.items[0];
  // As much is in flight as may be: the timer is set when something ends.
  if (diary.stopped || next === undefined || diary.running.size >= diary.width) return;
  diary.timer = setTimeout(wake, Math.min(Math.max(next.at - diary.clock(), 0), LONGEST_TIMER), diary);
}

function wake(diary: Diary): void {
  startDue(diary, diary.clock());
  setTimer(diary);
}

function startDue(diary: Diary, now: Ms): void {
  while (!diary.stopped && diary.running.size < diary.width && isDue(diary, now)) {
    const item = diary.items.shift();
    if (item !== undefined) start(diary, item);
  }
}

function isDue({ items: [first] }: Diary, now: Ms): boolean {
  return first !== undefined && first.at <= now;
}

function start(diary: Diary, item: Item): void {
  const promise = item.act();
  if (promise === undefined) return;
  diary.running.add(promise);
  void promise.finally(() => {
    diary.running.delete(promise);
    if (diary.drive === 'timers') wake(diary);
  });
}

function insert(items: Item[], item: Item): void {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = items[middle];
    if (other !== undefined && compare(other, item) <= 0) low = middle + 1;
    else high = middle;
  }
  items.splice(low, 0, item);
}

function compare(a: Item, b: Item): number {
  return a.at - b.at || a.order - b.order || a.serial - b.serial;
}
