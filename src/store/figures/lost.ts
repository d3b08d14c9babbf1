import type { Range } from '../../core/figures/cover.ts';
import { LOST_STATES } from '../../core/figures/figures.ts';
import type { LostDelivery } from '../../core/figures/summary.ts';
import type { Store } from '../db/open.ts';

/** Who did not get what, latest first. */
export async function lostDeliveries(store: Store, { from, to }: Range, limit: number): Promise<LostDelivery[]> {
  const rows: (Omit<LostDelivery, 'reason'> & { reason: string | null })[] = await store
    .db('deliveries')
    .join('messages', 'messages.id', 'deliveries.message_id')
    .whereIn('deliveries.state', [...LOST_STATES])
    .where('deliveries.created_at', '>=', from)
    .where('deliveries.created_at', '<', to)
    .orderBy('deliveries.created_at', 'desc')
    .select('deliveries.recipient', 'messages.subject', 'deliveries.class', 'deliveries.state', 'deliveries.reason')
    .limit(limit);
  return rows.map((r) => ({ ...r, reason: r.reason ?? 'unknown' }));
}
