// Mail of late, and mail that waits, read by their indexes, with a bound to what is read.
import type { Knex } from 'knex';
import type { State } from '../../core/delivery.ts';
import { recipientDomain } from '../../core/figures/place.ts';
import { CLASSES, type MessageClass } from '../../core/message-class.ts';
import type { Recent, Waiting } from '../../core/thresholds/measured.ts';
import { hasArrived } from '../../core/thresholds/signs.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { PRIORITY } from '../ledger/ledger.ts';
import { type Made, sampleOf } from './sample.ts';

/** The whole of the time is seen, as what was made last has not had much time to arrive. */
const BOUNDS = { parts: 10, most: 200 };

type Row = {
  state: State;
  domain: string;
  recipient: string;
  message_at: Ms;
  ended_at: Ms | null;
  deliver_at: Ms | null;
};

/** The mail of a class that was asked for in that time; where it is much, some of each part of the time. */
export async function recentMail({ db }: Store, made: Made): Promise<Recent[]> {
  const some = await sampleOf(db, made, BOUNDS);
  const columns = ['message_id', 'state', 'domain', 'recipient', 'message_at', 'ended_at'];
  const rows: Row[] = await db.unionAll(
    some.map((one) =>
      db
        .from(one.rows.select(columns).as('part'))
        .join('messages', 'messages.id', 'part.message_id')
        .select('part.state', 'part.domain', 'part.recipient', 'part.message_at', 'part.ended_at')
        .select('messages.deliver_at'),
    ),
  );
  return rows.map(({ state, domain, recipient, ended_at, ...row }) => ({
    ...{ domain, class: made.class, receiver: recipientDomain(recipient) },
    wantedAt: Math.max(Number(row.message_at), Number(row.deliver_at ?? 0)),
    arrivedAt: hasArrived(state) && ended_at !== null ? Number(ended_at) : null,
  }));
}

/** So many that wait are looked at, of each class. */
const MOST_WAITING = 20_000;

/** What waits to be handed over though its time has come, of each class. */
export async function waitingNow(store: Store, now: Ms): Promise<Waiting[]> {
  const each = await Promise.all(CLASSES.map((name) => waitingOf(store.db, name, now)));
  return each.flat();
}

async function waitingOf(db: Knex, name: MessageClass, now: Ms): Promise<Waiting[]> {
  const due = db('due')
    .where({ priority: PRIORITY[name] })
    .where('at', '<=', now)
    .limit(MOST_WAITING)
    .select('delivery_id');
  const rows: { domain: string; recipient: string }[] = await db
    .from(due.as('part'))
    .join('deliveries', 'deliveries.id', 'part.delivery_id')
    .where('deliveries.state', 'queued')
    .select('deliveries.domain', 'deliveries.recipient');
  const counts = new Map<string, Waiting>();
  for (const { domain, recipient } of rows) {
    const receiver = recipientDomain(recipient);
    const key = `${domain}\n${receiver}`;
    const known = counts.get(key) ?? { domain, class: name, receiver, n: 0 };
    counts.set(key, { ...known, n: known.n + 1 });
  }
  return [...counts.values()];
}
