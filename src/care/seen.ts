import { isIP } from 'node:net';
import { sleep } from '../base/wait.ts';
import type { Refusal, SeenAddress } from '../core/care/cost.ts';
import { isPublic } from '../core/care/public.ts';
import { type Clock, DAY, type Ms } from '../core/time.ts';
import { reportsPage } from '../store/care-seen.ts';
import type { Store } from '../store/db/open.ts';

export type Seen = {
  /** The addresses that mail left from, most used first. */
  addresses: SeenAddress[];
  refusals: Refusal[];
  /** From when on reports were read: not all of a busy week are. */
  since: Ms;
};

const LOOKED_BACK: Ms = 7 * DAY;
const PAGE = 1000;
/** With a rest after each page: others want the database as well. */
const MOST_PAGES = 200;
const REST: Ms = 5;
const MOST_REFUSALS = 20_000;
const MOST_ADDRESSES = 50;

/** What providers told in the last days of the addresses that mail left from, and of refusals. */
export async function seenOfLate(store: Store, { now, signal }: { now: Clock; signal?: AbortSignal }): Promise<Seen> {
  const until = now();
  const counts = new Map<string, number>();
  const refusals: Refusal[] = [];
  let since = until - LOOKED_BACK;
  let page = await reportsPage(store, { from: since, until, limit: PAGE }, null);
  for (let pages = 1; ; pages++) {
    for (const { at, ip, refusal } of page.reports) {
      if (isAddress(ip)) counts.set(ip, (counts.get(ip) ?? 0) + 1);
      if (refusal !== null && refusals.length < MOST_REFUSALS) refusals.push({ at, ip, words: refusal });
    }
    if (page.next === null || signal?.aborted) break;
    if (pages >= MOST_PAGES) {
      since = page.next.recorded_at;
      break;
    }
    await sleep(REST, signal);
    page = await reportsPage(store, { from: since, until, limit: PAGE }, page.next);
  }
  const addresses = [...counts].map(([ip, mails]) => ({ ip, mails })).toSorted((a, b) => b.mails - a.mails);
  return { addresses: addresses.slice(0, MOST_ADDRESSES), refusals, since };
}

/** What an event names may be anything; and of an address inside a network nobody outside has a name or an opinion. */
export const isAddress = (ip: string | null): ip is string => ip !== null && isIP(ip) > 0 && isPublic(ip);
