// What of the mail of the last minutes did not arrive in time, read by the index of states, classes and times.
import type { Knex } from 'knex';
import { isEnded, STATES, type State } from '../core/delivery.ts';
import type { MessageClass } from '../core/message-class.ts';
import { MINUTE, type Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';

/** What a recipient refused is not late, and what was cancelled was not to arrive. */
const JUDGED: readonly State[] = STATES.filter((state) => state !== 'failed' && state !== 'cancelled');
const ARRIVED: readonly State[] = ['delivered', 'relayed'];

/** Mail whose time was over in these last minutes is judged. */
const LATELY: Ms = 15 * MINUTE;
/** Of one state so many at most: where there is more of one, only the newest mail of all states is judged. */
const MOST = 1000;

export type Overdue = { judged: number; overdue: number };

/** How much mail of a class should have arrived by now within that time, and how much of it did not. */
export async function overdueOf(
  { db }: Store,
  { class: name, within }: { class: MessageClass; within: Ms },
  now: Ms,
): Promise<Overdue> {
  const to = now - within;
  const since = to - LATELY;
  const made = (state: State) => db('deliveries').where({ state, class: name }).where('message_at', '<', to);
  const cuts = JUDGED.map((state) => nested(db, thousandsFrom(made(state), since)));
  const [cut]: { at: Ms | null }[] = await db.from(db.unionAll(cuts).as('cuts')).max({ at: 'message_at' });
  const from = Math.max(since, Number(cut?.at ?? 0));
  const counts = JUDGED.map((state) => {
    const some = made(state)
      .where('message_at', '>=', from)
      .limit(2 * MOST);
    return db
      .from(some.select('message_id', 'message_at', 'ended_at').as('part'))
      .join('messages', 'messages.id', 'part.message_id')
      .select(db.raw('count(*) as n, ? as arrives', [ARRIVED.includes(state) ? 1 : 0]))
      .select(db.raw(`sum(case when ${WANTED} > ? then 1 else 0 end) as later`, [to]))
      .select(
        db.raw(`sum(case when ${WANTED} <= ? and ended_at - ${WANTED} <= ? then 1 else 0 end) as timely`, [to, within]),
      );
  });
  const rows: Record<'n' | 'arrives' | 'later' | 'timely', number | string | null>[] = await db.unionAll(counts);
  const sum = (part: (row: (typeof rows)[number]) => number) => rows.reduce((all, row) => all + part(row), 0);
  // What was wanted later than it was made may have its time still before it.
  const judged = sum((row) => Number(row.n) - Number(row.later ?? 0));
  return { judged, overdue: judged - sum((row) => (Number(row.arrives) === 1 ? Number(row.timely ?? 0) : 0)) };
}

/** When a delivery was wanted: when it was made, or the time that was asked for. */
const WANTED = 'case when messages.deliver_at > part.message_at then messages.deliver_at else part.message_at end';

/** When the newest was made that is one too many. */
const thousandsFrom = (made: Knex.QueryBuilder, since: Ms): Knex.QueryBuilder =>
  made.where('message_at', '>=', since).orderBy('message_at', 'desc').offset(MOST).limit(1).select('message_at');

const nested = (db: Knex, query: Knex.QueryBuilder): Knex.QueryBuilder => db.from(query.as('part')).select('*');

/** What has not ended, by where it stands. */
export type Open = { class: MessageClass; state: State; n: number; oldest: Ms | null };

const OPEN: readonly State[] = STATES.filter((state) => !isEnded(state));
const MOST_COUNTED = 200_000;
const MOST_SEEN = 2000;

/** How many deliveries of each class stand where, counted up to 200,000, and when the oldest of 2,000 was wanted. */
export async function openBy({ db }: Store, classes: readonly MessageClass[]): Promise<Open[]> {
  const each = classes.flatMap((name) => OPEN.map((state) => ({ class: name, state })));
  return Promise.all(
    each.map(async (one): Promise<Open> => {
      const some = () => db('deliveries').where(one);
      const counted = await db
        .from(some().limit(MOST_COUNTED).select('message_at').as('part'))
        .count({ n: '*' })
        .first();
      const n = Number(counted?.['n'] ?? 0);
      if (n === 0) return { ...one, n, oldest: null };
      const first = some().orderBy('message_at').limit(MOST_SEEN).select('message_id', 'message_at').as('part');
      const seen = await db
        .from(first)
        .join('messages', 'messages.id', 'part.message_id')
        .select(db.raw(`min(${WANTED}) as oldest`))
        .first<{ oldest: Ms | null }>();
      return { ...one, n, oldest: seen?.oldest == null ? null : Number(seen.oldest) };
    }),
  );
}
