/**
 * Natural group commit: what is added while a flush is under way goes out together in the next one, which starts as
 * soon as the first is done. No timer, so a lone item waits for nothing. `add` resolves when its item is flushed.
 *
 * Each flush starts when what is ready to be read has been read: a synchronous driver commits before the next request is
 * so much as looked at, and libuv accepts one connection a turn, so a hundred requests that came together were a hundred
 * commits.
 */
export function gather<T>(flush: (items: T[]) => Promise<void>, most: number): (item: T) => Promise<void> {
  type Waiting = { item: T; resolve: () => void; reject: (error: unknown) => void };
  let waiting: Waiting[] = [];
  let busy = false;

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
    while (waiting.length > 0) {
      await untilQuiet();
      const batch = waiting.slice(0, most);
      waiting = waiting.slice(most);
      try {
        await flush(batch.map((w) => w.item));
        for (const w of batch) w.resolve();
      } catch (error) {
        for (const w of batch) w.reject(error);
      }
    }
    busy = false;
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!busy) void run();
    });
}
