import type { Fact } from '../../core/delivery.ts';
import { isKeptFrom } from '../../core/health.ts';
import { isKeptBy } from '../../core/released.ts';
import type { Ms } from '../../core/time.ts';
import type { Keeping } from '../../core/words/holds.ts';
import type { Store } from '../db/open.ts';
import { chunks } from '../db/transact.ts';
import { unwell } from '../notes/health.ts';
import { activeHolds } from '../notes/holds.ts';
import { HELD } from './due.ts';

type Kept = { id: string; class: string; facts: readonly Fact[] };

/** Of these deliveries, those that are kept from leaving just now, each with what does it: first an operator's hold. */
export async function keptAmong(store: Store, deliveries: readonly Kept[], now: Ms): Promise<Map<string, Keeping>> {
  const [holds, sick] = await Promise.all([activeHolds(store, now), unwell(store)]);
  if (holds.length + sick.length === 0) return new Map();
  const keepingOf = ({ id, class: kind, facts }: Kept): Keeping | null => {
    const hold = holds.find((one) => (one.class === null || one.class === kind) && isKeptBy(facts, one.at));
    if (hold) return { hold };
    const without = sick.filter((one) => isKeptFrom(one, id));
    return without.length > 0 ? { unwell: without } : null;
  };
  const held = await heldAmong(store, deliveries);
  return new Map(
    held.flatMap((delivery) => {
      const keeping = keepingOf(delivery);
      return keeping ? [[delivery.id, keeping] as const] : [];
    }),
  );
}

async function heldAmong(store: Store, deliveries: readonly Kept[]): Promise<Kept[]> {
  const held = new Set<string>();
  for (const part of chunks(deliveries, 200)) {
    const rows = store.db('due').whereIn(
      'delivery_id',
      part.map(({ id }) => id),
    );
    for (const id of await rows.where({ lane: HELD }).pluck('delivery_id')) held.add(id);
  }
  return deliveries.filter(({ id }) => held.has(id));
}
