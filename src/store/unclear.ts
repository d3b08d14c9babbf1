import { type Unclear, unclearReplies } from '../classifier/unclear.ts';
import { domainOf } from '../core/address.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';
import { chunks } from './db/transact.ts';
import { load } from './rows/rows.ts';

/**
 * Replies since then whose cause nobody could tell, at most `limit` of them and the latest first, one for each wording with
 * what was done about it. Reads the small table of unclear replies and not the facts.
 */
export async function unknownReplies(store: Store, since: Ms, limit: number): Promise<Unclear[]> {
  const rows: { delivery_id: string; fact_key: string }[] = await store
    .db('unclear')
    .where('at', '>=', since)
    .orderBy('at', 'desc')
    .select('delivery_id', 'fact_key')
    .limit(limit);
  const wanted = new Map<string, Set<string>>();
  for (const { delivery_id, fact_key } of rows)
    wanted.set(delivery_id, (wanted.get(delivery_id) ?? new Set()).add(fact_key));
  const found = [];
  for (const ids of chunks([...wanted.keys()], 200)) {
    for (const view of (await load(store.db, ids)).values()) {
      const { id, delivery } = view;
      const place = { delivery: id, domain: domainOf(view.recipient), state: delivery.state };
      for (const fact of view.facts)
        if (fact.kind === 'reported' && wanted.get(id)?.has(fact.key)) found.push({ ...place, fact });
    }
  }
  return unclearReplies(found);
}
