// Cancels what is still open of messages, for any number of deliveries.
import type { Knex } from 'knex';
import { type Cancelled, type CancelledDelivery, cancelOutcome } from '../../core/cancelled.ts';
import { type Fact, isEnded, mayComeBack } from '../../core/delivery.ts';
import { endedFact } from '../../core/ended.ts';
import type { CancelReason } from '../../core/reason.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { chunks } from '../db/transact.ts';
import { change, changeIn } from '../ledger/ledger.ts';
import { comingBack, load, type MessageRow, type View } from '../rows/rows.ts';
import { inTurn } from './calls.ts';
import { deliveryIds } from './find.ts';

/** So many of the deliveries with a key that had ended before are told of, the newest. */
const EARLIER = 200;

/**
 * Ends what is still open of the messages with this key of the application's; says what that comes to for each delivery,
 * those included that had ended before.
 */
export async function cancelByKey(store: Store, key: string, reason: CancelReason, now: Ms): Promise<Cancelled> {
  const earlier = await endedWith(store.db, key);
  const outcomes = new Map<string, CancelledDelivery>();
  await eachBatch(
    (after) => openWith(store.db, key, after),
    (ids) =>
      change(store, ids, now, (view) => {
        const isFirst = !outcomes.has(view.id) && !isEnded(view.delivery.state);
        if (isFirst) outcomes.set(view.id, { recipient: view.recipient, outcome: cancelOutcome(view.delivery) });
        return cancel(view, reason, now);
      }),
  );
  return { cancelled: outcomes.size, deliveries: [...outcomes.values(), ...earlier] };
}

async function endedWith(db: Knex, key: string): Promise<CancelledDelivery[]> {
  const rows: { id: string }[] = await db('messages')
    .join('deliveries', 'deliveries.message_id', 'messages.id')
    .where('messages.message_key', key)
    .whereNotNull('deliveries.ended_at')
    .orderBy('deliveries.id', 'desc')
    .limit(EARLIER)
    .select('deliveries.id');
  const views = await load(
    db,
    rows.map(({ id }) => id),
  );
  return [...views.values()].map(({ recipient, delivery }) => ({ recipient, outcome: cancelOutcome(delivery) }));
}

/**
 * Cancels the other messages of the domain with the same key, in the transaction that makes one for our queue: it is made
 * now, whatever the clocks of other machines say.
 */
export async function replaceOthers(tx: Knex.Transaction, message: MessageRow, key: string, now: Ms): Promise<void> {
  await inTurn(tx, message, key, now);
  await supersede(tx, message, key, now);
}

/** Cancels those that are older than a message that others send, and the message itself when there is a newer one. */
export async function replaceOlder(tx: Knex.Transaction, message: MessageRow, key: string, now: Ms): Promise<void> {
  await inTurn(tx, message, key, now);
  const { id, domain, created_at } = message;
  await supersede(tx, message, key, now, created_at);
  const newer = tx('messages').where({ message_key: key, domain }).where('created_at', '>', created_at);
  if ((await newer.first('id')) === undefined) return;
  const ids = await deliveryIds(tx, id);
  for (const part of chunks(ids, BATCH)) await changeIn(tx, part, now, (view) => cancel(view, 'superseded', now));
}

async function supersede(
  tx: Knex.Transaction,
  { id, domain }: MessageRow,
  key: string,
  now: Ms,
  madeUntil?: Ms,
): Promise<void> {
  const others = (after: string) => {
    const open = openWith(tx, key, after).where('messages.domain', domain).whereNot('messages.id', id);
    return madeUntil === undefined ? open : open.where('messages.created_at', '<=', madeUntil);
  };
  await eachBatch(others, (ids) => changeIn(tx, ids, now, (view) => cancel(view, 'superseded', now)));
}

const BATCH = 200;

/** Deliveries of the messages with this key that are open, or may be open again, those after an id. */
function openWith(db: Knex, key: string, after: string): Knex.QueryBuilder {
  return db('messages')
    .join('deliveries', 'deliveries.message_id', 'messages.id')
    .where('messages.message_key', key)
    .where((rows) => void rows.whereNull('deliveries.ended_at').orWhere(comingBack))
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

function cancel(view: View, reason: CancelReason, now: Ms): Fact[] {
  if (isEnded(view.delivery.state) && !mayComeBack(view.delivery)) return [];
  return [endedFact(view, 'cancelled', reason, now)];
}
