import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void;

/**
 * Gives the memory of bytes that nobody holds any more back, as soon as this turn of the event loop is over. V8 alone
 * leaves up to 64 MB of them behind in each thread, as they lie outside of its heap.
 *
 * - `new` takes a few milliseconds, and reaches what was made a short while ago.
 * - `all` takes some ten milliseconds, and is for threads that nobody waits for.
 */
export function giveBack(what: 'new' | 'all'): void {
  setImmediate(() => (what === 'new' ? collect({ type: 'minor' }) : collect()));
}
