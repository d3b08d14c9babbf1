import { eventKinds } from '../../core/outgoing.ts';
import { storable } from '../../core/safe-text.ts';
import type { Ms } from '../../core/time.ts';
import { insertNew } from '../db/statements.ts';
import { endpointsLately } from '../notes/endpoints.ts';
import type { Move } from '../rows/move.ts';
import type { Projection } from '../rows/projection.ts';

/** What applications are to be told, and whom of their endpoints. Where there are none, nothing is read or written. */
export const events: Projection = {
  name: 'events',
  async project(tx, moves, now) {
    const wanting = await endpointsLately(tx, now);
    if (wanting.length === 0) return;
    const rows = moves.flatMap((move) => rowsOf(move, now));
    const wanted = rows.filter(({ kind }) => wanting.some(({ kinds }) => kinds.includes(kind)));
    await insertNew(tx, 'events', wanted, ['delivery_id', 'number']);
    const posts = wanted.flatMap(({ delivery_id, number, kind }) =>
      wanting
        .filter(({ kinds }) => kinds.includes(kind))
        .map(({ id: endpoint }) => ({ delivery_id, number, endpoint, since: now, due_at: now, lease: null, tries: 0 })),
    );
    await insertNew(tx, 'event_posts', posts, ['delivery_id', 'number', 'endpoint']);
  },
};

/** There are never fewer facts than before, so their number counts the events of a delivery; one change makes two at most. */
function rowsOf({ view, before, after, fresh }: Move, now: Ms) {
  const { state, said, reason, attempt, provider } = after.delivery;
  return eventKinds(before, after.delivery, fresh).map((kind, n) => ({
    ...{ delivery_id: view.id, number: 2 * after.facts.length + n, kind, at: now, class: after.class, state },
    ...{ reason: said === null ? reason : storable(said, 64), attempt, provider },
  }));
}
