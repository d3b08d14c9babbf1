import type { Ms } from '../core/time.ts';
import { sleep } from './wait.ts';

type Add<T> = (item: T) => Promise<void>;
type Flush<T> = (items: T[]) => Promise<void>;
type Waiting<T> = { item: T; urgent: boolean; resolve: () => void; reject: (error: unknown) => void };

/**
 * Natural group commit: what is added while a flush is under way goes out together in the next one, which starts as
 * soon as the first is done. No timer, so a lone item waits for nothing. `add` resolves when its item is flushed.
 *
 * Each flush starts when what is ready to be read has been read: a synchronous driver commits before the next request is
 * so much as looked at, and libuv accepts one connection a turn, so a hundred requests that came together were a hundred
 * commits.
 *
 * What nobody waits for is added by `add.later`: it goes with the next item that somebody waits for, or when there are
 * `most`, or after `linger` ms.
 */
export function gather<T>(flush: Flush<T>, most: number, linger: Ms = 0): Add<T> & { later: Add<T> } {
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
      await untilQuiet(waiting, most);
      await settle(flush, waiting.splice(0, most));
    }
    busy = false;
    look();
  }

  /** Not marked as busy: an urgent item that comes meanwhile is flushed at once, beside these. */
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

/** Two turns of the event loop in which nothing came: what is left of the present turn may be the first. */
async function untilQuiet(waiting: readonly unknown[], most: number): Promise<void> {
  for (let quiet = 0; quiet < 2 && waiting.length < most; ) {
    const before = waiting.length;
    await new Promise(setImmediate);
    quiet = waiting.length > before ? 0 : quiet + 1;
  }
}
