// What providers reported as failed, read newest first in small pieces.
import type { Knex } from 'knex';
import type { FactOf } from '../core/delivery.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';
import { factsInTime } from './facts-in-time.ts';
import { type FactRow, factIn } from './rows/rows.ts';

export type Failure = { messageId: string; recipient: string; fact: FactOf<'reported'> };

/** Where a walk back over the facts stands: before the one of that delivery and key, written at that time. */
export type Before = { at: Ms; delivery: string; key: string };

export type Piece = {
  /** How many facts were read, of whatever kind. */
  read: number;
  failures: Failure[];
  /** Null when there is nothing before. */
  next: Before | null;
};

/** The failures among the `limit` facts before that place, none of them written before `since`. */
export async function failuresBefore(
  store: Store,
  { at, delivery, key }: Before,
  since: Ms,
  limit: number,
): Promise<Piece> {
  const { db } = store;
  const part = factsInTime(store)
    .whereBetween('recorded_at', [since, at])
    .where((or) =>
      or
        .where('recorded_at', '<', at)
        .orWhere('delivery_id', '<', delivery)
        .orWhere((same) => same.where('delivery_id', delivery).where('fact_key', '<', key)),
    )
    .orderBy(['recorded_at', 'delivery_id', 'fact_key'].map((column) => ({ column, order: 'desc' as const })))
    .limit(limit)
    .select('delivery_id', 'fact_key', 'kind', 'at', 'recorded_at', failing(db));
  const rows: Row[] = await db
    .from(part.as('part'))
    .leftJoin('deliveries as d', 'd.id', 'part.delivery_id')
    .select('part.*', 'd.message_id', 'd.recipient');
  rows.sort(newestFirst);
  const last = rows.length < limit ? undefined : rows.at(-1);
  return {
    read: rows.length,
    failures: rows.flatMap(failureIn),
    next: last ? { at: Number(last.recorded_at), delivery: last.delivery_id, key: last.fact_key } : null,
  };
}

type Row = Omit<FactRow, 'body'> & {
  recorded_at: Ms;
  body: string | null;
  message_id: string | null;
  recipient: string | null;
};

/** Bodies of other facts are not brought along. */
const failing = (db: Knex): Knex.Raw =>
  db.raw(
    `case when kind = 'reported' and (body like '%"report":"failed"%' or body like '%"report":"rejected"%') then body end as body`,
  );

function newestFirst(a: Row, b: Row): number {
  const [one, other] = [a, b].map((row) => `${row.delivery_id} ${row.fact_key}`);
  return b.recorded_at - a.recorded_at || ((one ?? '') < (other ?? '') ? 1 : -1);
}

function failureIn({ body, message_id, recipient, ...row }: Row): Failure[] {
  if (body === null || message_id === null || recipient === null) return [];
  const fact = factIn({ ...row, body });
  return fact.kind === 'reported' ? [{ messageId: message_id, recipient, fact }] : [];
}
