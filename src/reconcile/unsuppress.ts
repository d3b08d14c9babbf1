import { maskAddress } from '../core/address.ts';
import type { Settings } from '../core/settings.ts';
import { type Clock, DAY, MINUTE } from '../core/time.ts';
import type { Account } from '../providers/provider.ts';
import type { Providers } from '../providers/registry/registry.ts';
import type { Store } from '../store/db/open.ts';
import { auditWithin } from '../store/notes/audit.ts';
import type { View } from '../store/rows/rows.ts';

export type UnsuppressDeps = {
  store: Store;
  providers: Providers;
  settings: Pick<Settings, 'unsuppressMaxPerDay'>;
  now: Clock;
};

/** What became of the address on the provider's bounce list; `what` says what was found or done. */
export type Cleared = { kind: 'clear'; what: string | null } | { kind: 'removed' | 'barred'; what: string };

const ACT = 'unsuppress';
const CLEAR: Cleared = { kind: 'clear', what: null };

/**
 * Makes sure that a re-post does not fail because of the provider's bounce list: Mailgun would answer 200 and then fail
 * with 605. Only an entry that this very failure made is removed, because an older one has another reason, and only where
 * it was about the sender. Complaints and unsubscribes are other lists and never touched. Rejects when the list can not be
 * asked.
 */
export async function clearBounce(deps: UnsuppressDeps, view: View): Promise<Cleared> {
  const attempts = view.delivery.attempts.filter(({ claim }) => claim.role !== 'fallback');
  const account = deps.providers.named(attempts.at(-1)?.claim.provider ?? '')?.account;
  const entry = await account?.getBounce(view.domain, view.recipient);
  if (!account || !entry) return CLEAR;
  // An attempt that died on the list itself did not put the address there.
  const made = attempts.findLast(({ failure }) => failure && failure.verdict?.cause !== 'suppressed')?.failure;
  const isOlder = entry.createdAt !== null && made && entry.createdAt < made.at - MINUTE;
  if (!made || isOlder) return barred('the address is on the bounce list because of an earlier failure');
  if (made.plan !== 'retry')
    return barred('the address is on the bounce list, and its failure was not about the sender');
  return remove(deps, account, view);
}

const barred = (what: string): Cleared => ({ kind: 'barred', what });

async function remove({ store, settings, now }: UnsuppressDeps, account: Account, view: View): Promise<Cleared> {
  // Written to the audit before it is done: an entry for nothing is better than a removal without an entry.
  const cause = view.delivery.attempts.at(-1)?.failure?.verdict?.cause ?? 'failed';
  const detail = `${view.domain} ${view.id}, attempt ${view.delivery.attempt}: ${cause}`;
  const act = { who: 'homing', what: ACT, subject: maskAddress(view.recipient), detail };
  if (!(await auditWithin(store, now(), act, { most: settings.unsuppressMaxPerDay, since: now() - DAY })))
    return barred('the limit of bounce list removals a day is reached');
  await account.removeBounce(view.domain, view.recipient);
  return { kind: 'removed', what: 'took the address off the bounce list, where this failure had put it' };
}
