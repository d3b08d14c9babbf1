import { wordsOf } from '../base/errors.ts';
import { maskAddress } from '../core/address.ts';
import { listsFor, type ProviderList } from '../core/suppression.ts';
import type { Ms } from '../core/time.ts';
import type { SuppressionCause } from '../core/verdict.ts';
import type { Store } from '../store/db/open.ts';
import { audit } from '../store/notes/audit.ts';

/** A provider with lists of its own, one of each kind for each of our domains. */
export type Lists = {
  domains: readonly string[];
  /** False when the address was not on it. */
  unlist(list: ProviderList, domain: string, address: string): Promise<boolean>;
};

export type Wish = {
  address: string;
  /** As which it stands on our own list; null when it does not. */
  cause: SuppressionCause | null;
  /** Those that go with the cause when they are not said. */
  lists?: readonly ProviderList[] | null;
  who: string;
  why: string | null;
};

/** What became of the address on one of the lists. */
export type Unlisted = { domain: string; list: ProviderList; removed: boolean };

/**
 * Takes an address off a provider's lists of all our domains. A list that can not be asked becomes a problem, and the others are
 * asked all the same; doing it again comes to the same.
 */
export async function unlist(
  store: Store,
  { domains, unlist: takeOff }: Lists,
  { address, cause, lists, who, why }: Wish,
  now: Ms,
): Promise<{ done: Unlisted[]; problems: string[] }> {
  // Written down before it is done: an entry for nothing is better than a removal without an entry.
  const act = { who, what: 'suppression_remove_at_mailgun', subject: maskAddress(address), detail: why };
  await audit(store, now, act);
  const done: Unlisted[] = [];
  const problems: string[] = [];
  for (const domain of domains) {
    for (const list of lists ?? listsFor(cause)) {
      try {
        done.push({ domain, list, removed: await takeOff(list, domain, address) });
      } catch (error) {
        problems.push(`${domain}, ${list}: ${wordsOf(error)}`);
      }
    }
  }
  return { done, problems };
}
