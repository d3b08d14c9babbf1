import type { QueueTerms } from './draft.ts';
import { type Prepare, prepareHere } from './prepare-here.ts';
import { prepareInThread } from './prepare-in-thread.ts';

/** Bytes. What is larger takes more time to read than the others may wait. */
const LARGE = 256 * 1024;

/** Reads small calls in this thread, and large ones in another. */
export function createPrepare(terms: QueueTerms): Prepare {
  const here = prepareHere(terms);
  const there = prepareInThread(terms);
  return (call, now) => (call.raw.length > LARGE ? there : here)(call, now);
}
