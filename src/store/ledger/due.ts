import { newId } from '../../base/ids.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { transact } from '../db/transact.ts';

const PRIORITIES = [0, 1, 2];

/**
 * Claims up to `limit` deliveries that are due, access mail first, for `lease` ms: one committed statement that takes only
 * what is still free. Whoever gets a row on two nodes of a cluster loses at commit, so nothing is sent in here.
 * A claim that is not given back by a change comes due again when its lease ends.
 */
export async function claimDue(
  store: Store,
  now: Ms,
  limit: number,
  lease: Ms,
): Promise<{ lease: string; ids: string[] }> {
  const token = newId(now);
  const candidates: string[] = [];
  for (const priority of PRIORITIES) {
    // One closed range a priority: the obvious query over all of them walks the index from its start.
    const rows: { delivery_id: string }[] = await store
      .db('due')
      .where({ priority })
      .where('at', '<=', now)
      .orderBy('at')
      .limit(limit - candidates.length)
      .select('delivery_id');
    candidates.push(...rows.map((r) => r.delivery_id));
    if (candidates.length >= limit) break;
  }
  if (candidates.length === 0) return { lease: token, ids: [] };
  const taken = { at: now + lease, lease: token };
  await transact(store, (tx) => tx('due').whereIn('delivery_id', candidates).where('at', '<=', now).update(taken));
  const won: { delivery_id: string }[] = await store
    .db('due')
    .where({ lease: token })
    .select('delivery_id')
    .limit(limit);
  return { lease: token, ids: won.map((r) => r.delivery_id) };
}

/** Whether the claim still holds: to be asked right before something is sent. */
export async function stillHeld(store: Store, lease: string, ids: readonly string[]): Promise<Set<string>> {
  const rows: { delivery_id: string }[] = await store
    .db('due')
    .where({ lease })
    .whereIn('delivery_id', [...ids])
    .select('delivery_id');
  return new Set(rows.map((r) => r.delivery_id));
}

/** Size of the backlog, and how late its oldest row is. */
export async function backlog(store: Store, now: Ms): Promise<{ open: number; due: number; late: Ms }> {
  const [open, due, oldest] = await Promise.all([
    store.db('due').count({ n: '*' }).first(),
    store.db('due').where('at', '<=', now).count({ n: '*' }).first(),
    store.db('due').min({ at: 'at' }).first(),
  ]);
  const at = Number((oldest as { at: number | null } | undefined)?.at ?? now);
  return { open: Number(open?.['n'] ?? 0), due: Number(due?.['n'] ?? 0), late: Math.max(0, now - at) };
}
