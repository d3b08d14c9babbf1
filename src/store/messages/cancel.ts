// Cancels what is still open of messages, for any number of deliveries.
import type { Knex } from 'knex';
import { type Fact, isEnded } from '../../core/delivery.ts';
import { endedFact } from '../../core/ended.ts';
import type { CancelReason } from '../../core/reason.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { chunks } from '../db/transact.ts';
import { change, changeIn } from '../ledger/ledger.ts';
import type { MessageRow, View } from '../rows/rows.ts';
import { deliveryIds } from './find.ts';

/** Ends what is still open of the messages with this key of the application's; says how many deliveries that were. */
export async function cancelByKey(store: Store, key: string, reason: CancelReason, now: Ms): Promise<number> {
  const cancelled = new Set<string>();
  await eachBatch(
    (after) => openWith(store.db, key, after),
    (ids) => change(store, ids, now, (view) => cancel(view, reason, now, cancelled)),
  );
  return cancelled.size;
}

/** Cancels the older messages of the domain with the same key, in the transaction that makes the newer one. */
export async function supersede(tx: Knex.Transaction, message: MessageRow, key: string, now: Ms): Promise<void> {
  const { id, domain, created_at } = message;
  await eachBatch(
    (after) =>
      openWith(tx, key, after)
        .where('messages.domain', domain)
        .whereNot('messages.id', id)
        .where('messages.created_at', '<=', created_at),
    (ids) => changeIn(tx, ids, now, (view) => cancel(view, 'superseded', now)),
  );
}

/**
 * Cancels what is open of a message that was recorded only after a newer one with its key. Not for mail in our queue: that
 * is made now, whatever the clock of another machine says.
 */
export async function supersedeLate(tx: Knex.Transaction, message: MessageRow, key: string, now: Ms): Promise<void> {
  const { id, domain, created_at } = message;
  const newer = tx('messages').where({ message_key: key, domain }).where('created_at', '>', created_at);
  if ((await newer.first('id')) === undefined) return;
  const ids = await deliveryIds(tx, id);
  for (const part of chunks(ids, BATCH)) await changeIn(tx, part, now, (view) => cancel(view, 'superseded', now));
}

const BATCH = 200;

/** Open deliveries of the messages with this key, those after an id. */
function openWith(db: Knex, key: string, after: string): Knex.QueryBuilder {
  return db('messages')
    .join('deliveries', 'deliveries.message_id', 'messages.id')
    .where('messages.message_key', key)
    .whereNull('deliveries.ended_at')
    .where('deliveries.id', '>', after)
    .orderBy('deliveries.id')
    .limit(BATCH)
    .select('deliveries.id');
}

async function eachBatch(
  next: (after: string) => Knex.QueryBuilder,
  work: (ids: string[]) => Promise<unknown>,
): Promise<void> {
  for (let after = ''; ; ) {
    const rows: { id: string }[] = await next(after);
    const ids = rows.map((r) => r.id);
    if (ids.length > 0) await work(ids);
    if (ids.length < BATCH) return;
    after = ids.at(-1) ?? after;
  }
}

function cancel(view: View, reason: CancelReason, now: Ms, cancelled?: Set<string>): Fact[] {
  if (isEnded(view.delivery.state)) return [];
  cancelled?.add(view.id);
  return [endedFact(view, 'cancelled', reason, now)];
}
