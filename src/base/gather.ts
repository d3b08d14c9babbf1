import type { Ms } from '../core/time.ts';
import { sleep } from './wait.ts';

type Add<T> = (item: T) => Promise<void>;
type Flush<T> = (items: T[]) => Promise<void>;
type Waiting<T> = { item: T; urgent: boolean; resolve: () => void; reject: (error: unknown) => void };

export type Gathering = {
  /** How long what nobody waits for waits for others. */
  linger?: Ms;
  /** A flush holds this thread up no longer than it takes to begin it, so it begins at once. */
  atOnce?: boolean;
};

/**
 * Joins what is added at about the same time into one flush. While a flush is under way new items wait; the next flush
 * takes them all and starts as soon as the first is done. There is no timer, so a lone item is flushed at once. `add`
 * resolves when its item is flushed.
 *
 * Without `atOnce` a flush begins only when the requests that have arrived are read. A synchronous database driver would
 * otherwise commit the first one before the second is looked at, and a hundred requests that came together would be a
 * hundred commits.
 *
 * `add.later` is for items that nobody waits for: such an item goes out with the next one that somebody waits for, or
 * when there are `most` of them, or after `linger` ms.
 */
export function gather<T>(
  flush: Flush<T>,
  most: number,
  { linger = 0, atOnce = false }: Gathering = {},
): Add<T> & { later: Add<T> } {
  const waiting: Waiting<T>[] = [];
  let busy = false;
  let lingering: AbortController | null = null;

  const isDue = () => waiting.length >= most || waiting.some(({ urgent }) => urgent);

  function look(): void {
    if (busy) return;
    if (isDue()) void flushAll();
    else if (waiting.length > 0 && !lingering) void flushLater();
  }

  async function flushAll(): Promise<void> {
    busy = true;
    lingering?.abort();
    lingering = null;
    while (isDue()) {
      if (!atOnce) await untilQuiet(waiting, most);
      await settle(flush, waiting.splice(0, most));
    }
    busy = false;
    look();
  }

  /** Does not set `busy`: an urgent item that comes meanwhile is flushed at once, beside these. */
  async function flushLater(): Promise<void> {
    lingering = new AbortController();
    const { signal } = lingering;
    await sleep(linger, signal);
    if (signal.aborted) return;
    lingering = null;
    await settle(flush, waiting.splice(0));
  }

  const adder =
    (urgent: boolean): Add<T> =>
    (item) =>
      new Promise((resolve, reject) => {
        waiting.push({ item, urgent, resolve, reject });
        look();
      });
  return Object.assign(adder(true), { later: adder(false) });
}

/** Flushes these, and tells each caller what came of it. */
async function settle<T>(flush: Flush<T>, batch: readonly Waiting<T>[]): Promise<void> {
  try {
    await flush(batch.map(({ item }) => item));
    for (const { resolve } of batch) resolve();
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}

/**
 * Waits until two turns of the event loop have brought nothing new. One is not enough: it may be the rest of the
 * present turn.
 */
async function untilQuiet(waiting: readonly unknown[], most: number): Promise<void> {
  for (let quiet = 0; quiet < 2 && waiting.length < most; ) {
    const before = waiting.length;
    await new Promise(setImmediate);
    quiet = waiting.length > before ? 0 : quiet + 1;
  }
}
