import type { Knex } from 'knex';
import { isEnded } from '../../core/delivery.ts';
import type { Reason } from '../../core/reason.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { deleteBy } from '../db/statements.ts';
import { transact } from '../db/transact.ts';
import type { Move } from '../rows/move.ts';
import type { Projection } from '../rows/projection.ts';

const SET_ASIDE: Reason = 'ends_processes';

/**
 * Deletes a body when no delivery of its message is open any more. That of mail that was set aside is kept for a while
 * (`forgetSetAside`): an operator is to try it again.
 */
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
  const open = tx('deliveries')
    .whereRaw('deliveries.message_id = message_bodies.message_id')
    .where((wanted) => void wanted.whereNull('ended_at').orWhere({ reason: SET_ASIDE }));
  await tx('message_bodies')
    .whereIn('message_id', ids)
    .whereNotExists(open.select(tx.raw('1')))
    .delete();
}

/** Deletes the bodies of mail that was set aside before that moment. */
export async function forgetSetAside(store: Store, before: Ms, limit: number): Promise<number> {
  const ids = await store
    .db('deliveries')
    .where({ state: 'abandoned', reason: SET_ASIDE })
    .where('ended_at', '<', before)
    .whereExists(
      store.db('message_bodies').whereRaw('message_bodies.message_id = deliveries.message_id').select('piece'),
    )
    .limit(limit)
    .pluck('message_id');
  if (ids.length === 0) return 0;
  const open = (tx: Knex) =>
    tx('deliveries').whereRaw('deliveries.message_id = message_bodies.message_id').whereNull('ended_at');
  return transact(store, (tx) =>
    tx('message_bodies').whereIn('message_id', ids).whereNotExists(open(tx).select('id')).delete(),
  );
}
