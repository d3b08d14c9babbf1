import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { chunks } from '../db/transact.ts';
import { activeHolds, type Hold } from '../notes/holds.ts';
import { HELD } from './due.ts';

/** Of these deliveries, those that an operator keeps from leaving just now, each with the hold that does it. */
export async function holdsOn(
  store: Store,
  deliveries: readonly { id: string; class: string }[],
  now: Ms,
): Promise<Map<string, Hold>> {
  const holds = await activeHolds(store, now);
  if (holds.length === 0) return new Map();
  const kept = new Set<string>();
  for (const part of chunks(deliveries, 200)) {
    const ids = part.map(({ id }) => id);
    for (const id of await store.db('due').whereIn('delivery_id', ids).where({ lane: HELD }).pluck('delivery_id'))
      kept.add(id);
  }
  const about = (kind: string) => holds.find((hold) => hold.class === null || hold.class === kind);
  return new Map(
    deliveries.flatMap(({ id, class: kind }) => {
      const hold = kept.has(id) ? about(kind) : undefined;
      return hold ? [[id, hold] as const] : [];
    }),
  );
}
