// What is kept of the mail to a person, read as it stands in the tables.
import type { Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';
import { OF_DELIVERY, OF_MESSAGE } from './personal.ts';
import { recipientKey } from './rows/rows.ts';

type Row = Record<string, unknown>;

/** A row of a table, and the message and the delivery that it hangs on. */
export type KeptRow = { table: string; message: string | null; delivery: string | null; row: Row };

/** Up to where it was read: without a time stand those of an earlier version, which come first. */
export type After = { at: Ms | null; message: string };
const FIRST: After = { at: null, message: '' };

/** Deliveries that are read at a time. */
const PAGE = 100;

/** The next deliveries to an address, oldest first, and after which to go on; null at the end. */
export async function deliveriesPage(
  { db }: Store,
  address: string,
  after: After | null = null,
): Promise<{ ids: string[]; next: After | null }> {
  const mine = db('deliveries').where({ recipient_key: recipientKey(address) });
  const { at, message } = after ?? FIRST;
  if (at === null) mine.whereNull('message_at').where('message_id', '>', message);
  else
    mine
      .where('message_at', '>=', at)
      .where((or) => or.where('message_at', '>', at).orWhere('message_id', '>', message));
  const rows: { id: string; message_id: string; message_at: Ms | null }[] = await mine
    .orderBy([{ column: 'message_at' }, { column: 'message_id' }])
    .limit(PAGE)
    .select('id', 'message_id', 'message_at');
  const last = rows.at(-1);
  const ids = rows.map(({ id }) => id);
  if (rows.length === PAGE && last) return { ids, next: { at: last.message_at, message: last.message_id } };
  return { ids, next: at === null ? { at: 0, message: '' } : null };
}

type Ids = { message_id: string; id: string };

/** All rows that hang on these deliveries and their messages, in the order of these; of bodies, which are sealed, how long they are. */
export async function rowsOf({ db }: Store, deliveryIds: readonly string[]): Promise<KeptRow[]> {
  if (deliveryIds.length === 0) return [];
  const found: (Ids & Row)[] = await db('deliveries').whereIn('id', [...deliveryIds]);
  const deliveries = inOrder(found, deliveryIds, ({ id }) => id);
  const messageIds = deliveries.map(({ message_id }) => message_id);
  const messageOf = new Map(deliveries.map(({ id, message_id }) => [id, message_id]));
  const messages: (Row & { id: string })[] = await db('messages').whereIn('id', messageIds);
  const kept: KeptRow[] = [
    ...inOrder(messages, messageIds, ({ id }) => id).map((row) => ({
      table: 'messages',
      message: row.id,
      delivery: null,
      row,
    })),
    ...deliveries.map((row) => ({ table: 'deliveries', message: row.message_id, delivery: row.id, row })),
  ];
  for (const table of OF_DELIVERY) {
    const rows: (Row & { delivery_id: string })[] = await db(table).whereIn('delivery_id', [...deliveryIds]);
    for (const row of inOrder(rows, deliveryIds, ({ delivery_id }) => delivery_id))
      kept.push({ table, message: messageOf.get(row.delivery_id) ?? null, delivery: row.delivery_id, row });
  }
  for (const table of OF_MESSAGE) {
    const columns = table === 'message_bodies' ? db.raw('message_id, piece, sealed_by, length(body) as bytes') : '*';
    const rows: (Row & { message_id: string })[] = await db(table).whereIn('message_id', messageIds).select(columns);
    for (const row of inOrder(rows, messageIds, ({ message_id }) => message_id))
      kept.push({ table, message: row.message_id, delivery: null, row });
  }
  return kept;
}

function inOrder<T>(rows: readonly T[], ids: readonly string[], idOf: (row: T) => string): T[] {
  const place = new Map(ids.map((id, n) => [id, n]));
  return rows.toSorted((a, b) => (place.get(idOf(a)) ?? 0) - (place.get(idOf(b)) ?? 0));
}
