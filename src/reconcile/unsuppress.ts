import { wordsOf } from '../base/errors.ts';
import { maskAddress } from '../core/address.ts';
import type { Settings } from '../core/settings.ts';
import { type Clock, DAY, MINUTE, type Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { audit, auditedSince } from '../store/notes/audit.ts';
import type { View } from '../store/rows/rows.ts';
/** An entry of the provider's bounce list. */
export type BounceEntry = { code: string | null; error: string | null; createdAt: Ms | null };

/** The provider's bounce list. Rejects when it can't be reached. */
export type BounceList = {
  get(domain: string, address: string): Promise<BounceEntry | null>;
  remove(domain: string, address: string): Promise<void>;
};

export type UnsuppressDeps = { store: Store; bounceList: BounceList; settings: Settings; now: Clock };

export type Cleared =
  | { kind: 'clear' }
  | { kind: 'removed'; what: string }
  /** It stays on the list, so a re-post would be lost. */
  | { kind: 'barred'; what: string }
  | { kind: 'unknown'; why: string };

const ACT = 'unsuppress';

/**
 * Makes sure that a re-post does not die on the provider's bounce list, which answers 200 and then fails with 605. Only
 * the entry that this very failure made is removed: one from before it is about something else. Complaints and
 * unsubscribes are lists of their own and never touched.
 */
export async function clearBounce(deps: UnsuppressDeps, view: View): Promise<Cleared> {
  const { store, bounceList, settings } = deps;
  const now = deps.now();
  const failure = view.delivery.attempts.at(-1)?.failure ?? null;
  try {
    const entry = await bounceList.get(view.domain, view.recipient);
    if (!entry) return { kind: 'clear' };
    if (!failure || (entry.createdAt !== null && entry.createdAt < failure.at - MINUTE)) {
      return { kind: 'barred', what: 'the address is on the bounce list because of an earlier failure' };
    }
    if ((await auditedSince(store, ACT, now - DAY)) >= settings.unsuppressMaxPerDay) {
      return { kind: 'barred', what: 'the limit of bounce list removals a day is reached' };
    }
    // Written down before it is done: an entry in the audit for nothing is better than a removal without one.
    const detail = `${view.domain} ${view.id}: ${failure.verdict?.cause ?? 'failed'}`;
    await audit(store, now, { who: 'homing', what: ACT, subject: maskAddress(view.recipient), detail });
    await bounceList.remove(view.domain, view.recipient);
    return { kind: 'removed', what: 'took the address off the bounce list, where this failure had put it' };
  } catch (error) {
    return { kind: 'unknown', why: `the bounce list could not be asked: ${wordsOf(error)}` };
  }
}
