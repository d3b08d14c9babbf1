// Mail that was made in a time, read by the index of states, classes and times; where there is much of it, some of it.
import type { Knex } from 'knex';
import { STATES, type State } from '../../core/delivery.ts';
import type { MessageClass } from '../../core/message-class.ts';
import { isJudged } from '../../core/thresholds/signs.ts';
import type { Ms } from '../../core/time.ts';

const JUDGED: readonly State[] = STATES.filter(isJudged);

/** The recipients of one message share its time. */
const SAME_TIME = 1000;

/** Mail of a class that was made from a moment on, and before another. */
export type Made = { class: MessageClass; from: Ms; to: Ms };

/** The time is cut into so many parts; of each of them so many of one state are read, or a few more. */
export type Bounds = { parts: number; most: number };

/** A part of the mail that is in a state. */
export type Some = { state: State; rows: Knex.QueryBuilder };

/**
 * The deliveries of that mail, in queries with a bound. Where a part of the time has too much of one state, only the newest mail
 * of that part is read, of all states alike: so the states stand to each other as in all of the mail.
 */
export async function sampleOf(db: Knex, { class: name, from, to }: Made, { parts, most }: Bounds): Promise<Some[]> {
  const edge = (n: number) => from + Math.floor(((to - from) * n) / parts);
  const spans = Array.from({ length: parts }, (_, n) => ({ part: n, from: edge(n), to: edge(n + 1) }));
  const made = (state: State, span: { from: Ms; to: Ms }) =>
    db('deliveries')
      .where({ state, class: name })
      .where('message_at', '>=', span.from)
      .where('message_at', '<', span.to);
  // When the newest was made that is one too many.
  const cuts = spans.flatMap((span) =>
    JUDGED.map((state) => {
      const tooMany = made(state, span).orderBy('message_at', 'desc').offset(most).limit(1);
      return nested(db, tooMany.select('message_at', db.raw('? as part', [span.part])));
    }),
  );
  const found: { part: number; at: Ms }[] = await db
    .from(db.unionAll(cuts).as('cuts'))
    .groupBy('part')
    .select('part')
    .max({ at: 'message_at' });
  const cutOf = new Map(found.map(({ part, at }) => [Number(part), Number(at)]));
  return spans.flatMap((span) => {
    const read = { from: cutOf.get(span.part) ?? span.from, to: span.to };
    return JUDGED.map((state) => ({ state, rows: made(state, read).limit(most + SAME_TIME) }));
  });
}

/** With an order and a limit of its own, which SQLite does not take in a union. */
const nested = (db: Knex, query: Knex.QueryBuilder): Knex.QueryBuilder => db.from(query.as('part')).select('*');

/** When a delivery of such a part was wanted: when it was made, or the time that was asked for. */
export const WANTED =
  'case when messages.deliver_at > part.message_at then messages.deliver_at else part.message_at end';
