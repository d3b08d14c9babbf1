// Mail of late, and mail that waits, read by their indexes, with a bound to what is read.
import type { Knex } from 'knex';
import { STATES, type State } from '../../core/delivery.ts';
import { recipientDomain } from '../../core/figures/place.ts';
import { CLASSES, type MessageClass } from '../../core/message-class.ts';
import type { Recent, Waiting } from '../../core/thresholds/measured.ts';
import { hasArrived, isJudged } from '../../core/thresholds/signs.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { PRIORITY } from '../ledger/ledger.ts';

/** Of one state so many at most: where there is more of one, only the newest mail of all states is judged. */
const MOST = 2000;

type Row = { domain: string; recipient: string; message_at: Ms; ended_at: Ms | null; deliver_at: Ms | null };

/** The mail of a class that was asked for since then. */
export async function recentMail({ db }: Store, name: MessageClass, since: Ms): Promise<Recent[]> {
  const parts = await Promise.all(
    STATES.filter(isJudged).map(async (state) => ({ state, rows: await newestOf(db, { state, class: name }, since) })),
  );
  const cut = Math.max(
    since,
    ...parts.map(({ rows }) => (rows.length > MOST ? Number(rows.at(-1)?.message_at) : since)),
  );
  return parts.flatMap(({ state, rows }) =>
    rows.flatMap(({ domain, recipient, ended_at, ...row }): Recent[] => {
      const at = Number(row.message_at);
      if (at < cut) return [];
      const arrivedAt = hasArrived(state) && ended_at !== null ? Number(ended_at) : null;
      const wantedAt = Math.max(at, Number(row.deliver_at ?? 0));
      return [{ domain, class: name, receiver: recipientDomain(recipient), wantedAt, arrivedAt }];
    }),
  );
}

const newestOf = (db: Knex, where: { state: State; class: MessageClass }, since: Ms): Promise<Row[]> => {
  const newest = db('deliveries')
    .where(where)
    .where('message_at', '>=', since)
    .orderBy('message_at', 'desc')
    .limit(MOST + 1)
    .select('message_id', 'domain', 'recipient', 'message_at', 'ended_at');
  return db
    .from(newest.as('part'))
    .join('messages', 'messages.id', 'part.message_id')
    .orderBy('part.message_at', 'desc')
    .select('part.domain', 'part.recipient', 'part.message_at', 'part.ended_at', 'messages.deliver_at');
};

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
