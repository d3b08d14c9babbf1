import { asciiLower } from '../../core/address.ts';
import type { Fact } from '../../core/delivery.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { type FactRow, factIn, recipientKey } from '../rows/rows.ts';

/** A fact as it was written, and whom it is about. */
export type Happened = {
  /** The same for no two facts. */
  key: string;
  recordedAt: Ms;
  messageId: string;
  deliveryId: string;
  recipient: string;
  domain: string;
  fact: Fact;
};

export type Followed = { to?: string | undefined; domain?: string | undefined };

/** Where a walk over the facts stands: after the fact with that key, written at that time. */
export type Place = { at: Ms; key: string | null };

/** Facts in the order in which they were written, beginning after that place. */
export async function factsAfter(
  { db }: Store,
  { at, key }: Place,
  which: Followed,
  limit: number,
): Promise<Happened[]> {
  const [delivery = '', ...rest] = (key ?? '').split(' ');
  const query = db('facts').join('deliveries', 'deliveries.id', 'facts.delivery_id');
  query.where('facts.recorded_at', '>=', at);
  if (key !== null)
    query.where((or) =>
      or
        .where('facts.recorded_at', '>', at)
        .orWhere('facts.delivery_id', '>', delivery)
        .orWhere((same) => same.where('facts.delivery_id', delivery).where('facts.fact_key', '>', rest.join(' '))),
    );
  if (which.to !== undefined) query.where('deliveries.recipient_key', recipientKey(which.to));
  if (which.domain !== undefined) query.where('deliveries.domain', asciiLower(which.domain));
  const rows: (FactRow & { recorded_at: Ms; message_id: string; recipient: string; domain: string })[] = await query
    .orderBy(['facts.recorded_at', 'facts.delivery_id', 'facts.fact_key'])
    .limit(limit)
    .select('facts.*', 'deliveries.message_id', 'deliveries.recipient', 'deliveries.domain');
  return rows.map((row) => ({
    key: `${row.delivery_id} ${row.fact_key}`,
    recordedAt: Number(row.recorded_at),
    messageId: row.message_id,
    deliveryId: row.delivery_id,
    recipient: row.recipient,
    domain: row.domain,
    fact: factIn(row),
  }));
}
