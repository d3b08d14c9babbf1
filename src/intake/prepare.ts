import type { Ms } from '../core/time.ts';
import { draftOf, type Prepared, type QueueTerms } from './draft.ts';
import { prepareInThread } from './prepare-in-thread.ts';
import { type RawCall, readCall } from './read-call.ts';

/** Makes what is to be stored of a call. Throws `AppError`. */
export type Prepare = (call: RawCall, now: Ms) => Promise<Prepared>;

export const prepareHere =
  (terms: QueueTerms): Prepare =>
  async (call, now) =>
    draftOf(terms, readCall(call), now);

/** Bytes. What is larger takes more time to read than the others may wait. */
const LARGE = 256 * 1024;

/** Reads small calls in this thread, and large ones in another. */
export function createPrepare(terms: QueueTerms): Prepare {
  const here = prepareHere(terms);
  const there = prepareInThread(terms);
  return (call, now) => (call.raw.length > LARGE ? there : here)(call, now);
}
