// What one process at a time works on (alerts, summaries, changes of much mail): it claims the row first.
import type { Knex } from 'knex';
import { newId } from '../base/ids.ts';
import { HOUR, type Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';
import { transact } from './db/transact.ts';

/** The table, the column that names a row, and the column that gives the order of sending. */
export type Sendable = { table: 'alerts' | 'summaries' | 'bulk_runs'; key: string; order: string };

/** A row that this process may send until the lease ends, or is renewed. */
export type Claim = { name: string; lease: string };

/** How many due rows a process tries to claim, as other processes may be faster with the first ones. */
const CANDIDATES = 5;

/** No row waits for longer than half of this. What is due later was written before the clock was set back. */
const FARTHEST: Ms = HOUR;

/** Claims the first row that is due, until that moment; null when none is to be had. */
export async function claimNext(
  store: Store,
  { table, key, order }: Sendable,
  { now, until }: { now: Ms; until: Ms },
): Promise<Claim | null> {
  const lease = newId(now);
  const farthest = now + Math.max(FARTHEST, 2 * (until - now));
  const due = (db: Knex) =>
    db(table)
      .where({ pending: 1 })
      .whereNotBetween('due_at', [now + 1, farthest]);
  const rows: { name: string }[] = await due(store.db).orderBy(order).limit(CANDIDATES).select({ name: key });
  for (const { name } of rows) {
    await transact(store, (tx) =>
      due(tx)
        .where({ [key]: name })
        .update({ due_at: until, lease }),
    );
    // Asks the row, and not the number of changed rows: when the reply to a COMMIT was lost the change is made again,
    // and then changes none.
    if (
      await store
        .db(table)
        .where({ [key]: name, lease })
        .first(key)
    )
      return { name, lease };
  }
  return null;
}

/** Changes a row that is still claimed by us; says whether it was. */
export async function changeClaimed(
  store: Store,
  { table, key }: Sendable,
  { name, lease }: Claim,
  change: Record<string, unknown>,
): Promise<boolean> {
  const mine = (db: Knex) => db(table).where({ [key]: name, lease });
  return transact(store, async (tx) => {
    const held = (await mine(tx).forUpdate().first(key)) !== undefined;
    if (held) await mine(tx).update(change);
    return held;
  });
}

/** What a sender says of the row that it has claimed; each answers false when the claim has been lost. */
export const claimsOn = (what: Sendable) => ({
  /** Keeps others from sending it for longer. */
  hold: (store: Store, claim: Claim, until: Ms) => changeClaimed(store, what, claim, { due_at: until }),
  sent: (store: Store, claim: Claim, now: Ms) =>
    changeClaimed(store, what, claim, { pending: 0, sent_at: now, error: null }),
  failed: (store: Store, { claim, tries }: { claim: Claim; tries: number }, dueAt: Ms, error: string) =>
    changeClaimed(store, what, claim, { tries: tries + 1, due_at: dueAt, error }),
});
