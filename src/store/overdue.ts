// What of the mail of the last minutes did not arrive in time, read by the index of states, classes and times.
import { isEnded, STATES, type State } from '../core/delivery.ts';
import type { MessageClass } from '../core/message-class.ts';
import { hasArrived } from '../core/thresholds/signs.ts';
import { MINUTE, type Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';
import { sampleOf, WANTED } from './thresholds/sample.ts';

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
  const some = await sampleOf(db, { class: name, from: to - LATELY, to }, { parts: 1, most: MOST });
  const counts = some.map(({ state, rows }) =>
    db
      .from(rows.select('message_id', 'message_at', 'ended_at').as('part'))
      .join('messages', 'messages.id', 'part.message_id')
      .select(db.raw('count(*) as n, ? as arrives', [hasArrived(state) ? 1 : 0]))
      .select(db.raw(`sum(case when ${WANTED} > ? then 1 else 0 end) as later`, [to]))
      .select(
        db.raw(`sum(case when ${WANTED} <= ? and ended_at - ${WANTED} <= ? then 1 else 0 end) as timely`, [to, within]),
      ),
  );
  const rows: Record<'n' | 'arrives' | 'later' | 'timely', number | string | null>[] = await db.unionAll(counts);
  const sum = (part: (row: (typeof rows)[number]) => number) => rows.reduce((all, row) => all + part(row), 0);
  // What was wanted later than it was made may have its time still before it.
  const judged = sum((row) => Number(row.n) - Number(row.later ?? 0));
  return { judged, overdue: judged - sum((row) => (Number(row.arrives) === 1 ? Number(row.timely ?? 0) : 0)) };
}

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
