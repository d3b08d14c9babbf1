import type { Ms } from '../core/time.ts';
import { draftOf, type Prepared, type QueueTerms } from './draft.ts';
import { type RawCall, readCall } from './read-call.ts';

/** Makes what is to be stored of a call. Throws `AppError`. */
export type Prepare = (call: RawCall, now: Ms) => Promise<Prepared>;

export const prepareHere =
  (terms: QueueTerms): Prepare =>
  async (call, now) =>
    draftOf(terms, readCall(call), now);
