import type { Knex } from 'knex';
import { isEnded, mayComeBack } from '../../core/delivery.ts';
import type { Reason } from '../../core/reason.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { transact } from '../db/transact.ts';
import type { Move } from '../rows/move.ts';
import type { Projection } from '../rows/projection.ts';
import { comingBack } from '../rows/rows.ts';

const SET_ASIDE: Reason = 'ends_processes';

/**
 * Deletes a body when no delivery of its message is open any more. That of mail that was set aside is kept for a while
 * (`forgetSetAside`): an operator is to try it again. So is that of mail that may come back (`forgetUnreturned`): another
 * provider is to try it.
 */
export const bodies: Projection = { name: 'bodies', project: dropBodies };

async function dropBodies(tx: Knex.Transaction, moves: readonly Move[]): Promise<void> {
  const ended = moves.filter(({ after: { delivery } }) => isEnded(delivery.state) && !mayComeBack(delivery));
  const ids = [...new Set(ended.map((m) => m.view.messageId))];
  if (ids.length === 0) return;
  const open = tx('deliveries')
    .whereRaw('deliveries.message_id = message_bodies.message_id')
    .where((wanted) => void wanted.whereNull('ended_at').orWhere({ reason: SET_ASIDE }).orWhere(comingBack));
  await tx('message_bodies')
    .whereIn('message_id', ids)
    .whereNotExists(open.select(tx.raw('1')))
    .delete();
}

/** Deletes the bodies of mail that was relayed before that moment and did not come back. It walks all that are kept. */
export async function forgetUnreturned(store: Store, before: Ms, limit: number): Promise<number> {
  const wanted = (db: Knex) =>
    db('deliveries')
      .whereRaw('deliveries.message_id = message_bodies.message_id')
      .where(
        (rows) =>
          void rows
            .whereNull('ended_at')
            .orWhere({ reason: SET_ASIDE })
            .orWhere((relayed) => void comingBack(relayed.where('ended_at', '>=', before))),
      )
      .select('id');
  const ids = await store
    .db('message_bodies')
    .where({ piece: 0 })
    .whereNotExists(wanted(store.db))
    .limit(limit)
    .pluck('message_id');
  if (ids.length === 0) return 0;
  return transact(store, (tx) => tx('message_bodies').whereIn('message_id', ids).whereNotExists(wanted(tx)).delete());
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
