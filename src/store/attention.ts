import type { State } from '../core/delivery.ts';
import { DAY, MINUTE, type Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';
import { setAside } from './inbox/oldest.ts';
import { unsentAlerts } from './inspect.ts';
import { activeHolds } from './notes/holds.ts';
import { countDoubtful } from './suppression-list.ts';

/** Where there are more, they are not counted any further. */
export const MOST_COUNTED = 1000;

/** What a person has to look at, each with how often it is there. */
export type Attention = {
  /** Mail of the last day that was given up, and mail that came too late. */
  abandoned: number;
  expired: number;
  /** Of the last day: what the sender has to mend before it can arrive. */
  senderFaults: number;
  /** Events of the last week that could not be understood, and replies whose cause nobody could tell. */
  inboxAside: number;
  unclear: number;
  /** Alerts that reach nobody. */
  alertsUnsent: number;
  holds: number;
  /** Addresses that were put on our list as dead in the last week, and at which mail arrived around then. */
  mistakes: number;
};

/** Counts it by indexes, and no further than `MOST_COUNTED`. */
export async function attention(store: Store, now: Ms): Promise<Attention> {
  const { db } = store;
  const since = now - DAY;
  const [abandoned, expired, senderFaults, aside, unclear, unsent, holds, mistakes] = await Promise.all([
    countOf(store, 'abandoned', since),
    countOf(store, 'expired', since),
    db('sender_faults').where('reported_at', '>=', since).limit(MOST_COUNTED).pluck('cause'),
    setAside(store, now - 7 * DAY, MOST_COUNTED),
    db('unclear')
      .where('at', '>=', now - 7 * DAY)
      .limit(MOST_COUNTED)
      .pluck('delivery_id'),
    unsentAlerts(store, now - 10 * MINUTE),
    activeHolds(store, now),
    countDoubtful(store, now - 7 * DAY, MOST_COUNTED),
  ]);
  const counts = { senderFaults: senderFaults.length, inboxAside: aside.length, unclear: unclear.length };
  return { abandoned, expired, ...counts, alertsUnsent: unsent.length, holds: holds.length, mistakes };
}

async function countOf({ db }: Store, state: State, since: Ms): Promise<number> {
  const newest = db('deliveries').where({ state }).where('created_at', '>=', since).limit(MOST_COUNTED).select('id');
  const row = await db.from(newest.as('newest')).count({ n: '*' }).first();
  return Number(row?.['n'] ?? 0);
}
