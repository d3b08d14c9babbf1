import type { Ms } from '../core/time.ts';
import { sleep } from './wait.ts';

type Add<T> = (item: T) => Promise<void>;

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
export function gather<T>(
  flush: (items: T[]) => Promise<void>,
  most: number,
  linger: Ms = 0,
): Add<T> & { later: Add<T> } {
  type Waiting = { item: T; urgent: boolean; resolve: () => void; reject: (error: unknown) => void };
  const waiting: Waiting[] = [];
  let busy = false;
  let lingering: AbortController | null = null;

  const isDue = () => waiting.length >= most || waiting.some((w) => w.urgent);

  function look(): void {
    if (busy) return;
    if (isDue()) void run();
    else if (waiting.length > 0 && !lingering) void lingerOn();
  }

  /** What nobody waits for goes beside the others in the end: a send that begins meanwhile does not wait for it. */
  async function lingerOn(): Promise<void> {
    lingering = new AbortController();
    const { signal } = lingering;
    await sleep(linger, signal);
    if (signal.aborted) return;
    lingering = null;
    await flushed(waiting.splice(0));
  }

  async function flushed(batch: readonly Waiting[]): Promise<void> {
    try {
      await flush(batch.map((w) => w.item));
      for (const w of batch) w.resolve();
    } catch (error) {
      for (const w of batch) w.reject(error);
    }
  }

  /** Two turns of the event loop in which nothing came; the first may be the rest of a turn. */
  async function untilQuiet(): Promise<void> {
    for (let quiet = 0; quiet < 2 && waiting.length < most; ) {
      const before = waiting.length;
      await new Promise(setImmediate);
      quiet = waiting.length > before ? 0 : quiet + 1;
    }
  }

  async function run(): Promise<void> {
    busy = true;
    lingering?.abort();
    lingering = null;
    while (isDue()) {
      await untilQuiet();
      await flushed(waiting.splice(0, most));
    }
    busy = false;
    look();
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
