import type { Knex } from 'knex';
import { isEnded } from '../../core/delivery.ts';
import { deleteBy } from '../db/statements.ts';
import type { Move } from '../rows/move.ts';
import type { Projection } from '../rows/projection.ts';

/** Deletes a body when no delivery of its message is open any more. */
export const bodies: Projection = {
  name: 'bodies',
  project: dropBodies,
  async forget(tx, { messageIds }) {
    await deleteBy(tx, 'message_bodies', 'message_id', messageIds);
  },
};

async function dropBodies(tx: Knex.Transaction, moves: readonly Move[]): Promise<void> {
  const ids = [...new Set(moves.filter((m) => isEnded(m.after.delivery.state)).map((m) => m.view.messageId))];
  if (ids.length === 0) return;
  const open = tx('deliveries').whereRaw('deliveries.message_id = message_bodies.message_id').whereNull('ended_at');
  await tx('message_bodies')
    .whereIn('message_id', ids)
    .whereNotExists(open.select(tx.raw('1')))
    .delete();
}
