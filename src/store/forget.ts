// Deletes mail with all that hangs on it.
import type { Knex } from 'knex';
import { deleteBy } from './db/statements.ts';
import { PROJECTIONS } from './ledger/projections.ts';
import { OF_DELIVERY, OF_MESSAGE } from './personal.ts';
import type { Gone } from './rows/projection.ts';

/** Deletes these deliveries, and these messages with whatever other deliveries they have; says how many messages went. */
export async function forgetIn(tx: Knex.Transaction, gone: Gone): Promise<number> {
  const { messageIds, deliveryIds } = gone;
  for (const table of OF_DELIVERY) await deleteBy(tx, table, 'delivery_id', deliveryIds);
  for (const { forget } of PROJECTIONS) await forget?.(tx, gone);
  await deleteBy(tx, 'deliveries', 'id', deliveryIds);
  for (const table of ['deliveries', ...OF_MESSAGE]) await deleteBy(tx, table, 'message_id', messageIds);
  return deleteBy(tx, 'messages', 'id', messageIds);
}
