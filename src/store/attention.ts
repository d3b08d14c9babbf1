import type { State } from '../core/delivery.ts';
import { DAY, MINUTE, type Ms } from '../core/time.ts';
import { countUpTo, MOST_COUNTED } from './db/counted.ts';
import type { Store } from './db/open.ts';
import { asideSince } from './inbox/oldest.ts';
import { unsentSince } from './inspect.ts';
import { activeHolds } from './notes/holds.ts';
import { countDoubtful } from './suppression-list.ts';

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
  const [dayAgo, weekAgo] = [now - DAY, now - 7 * DAY];
  const ended = (state: State) => db('deliveries').where({ state }).where('created_at', '>=', dayAgo);
  const [abandoned, expired, senderFaults, inboxAside, unclear, alertsUnsent, holds, mistakes] = await Promise.all([
    countUpTo(db, ended('abandoned')),
    countUpTo(db, ended('expired')),
    countUpTo(db, db('sender_faults').where('reported_at', '>=', dayAgo)),
    countUpTo(db, asideSince(db, weekAgo)),
    countUpTo(db, db('unclear').where('at', '>=', weekAgo)),
    countUpTo(db, unsentSince(db, now - 10 * MINUTE)),
    activeHolds(store, now),
    countDoubtful(store, weekAgo, MOST_COUNTED),
  ]);
  const counts = { abandoned, expired, senderFaults, inboxAside, unclear, alertsUnsent };
  return { ...counts, holds: holds.length, mistakes };
}
