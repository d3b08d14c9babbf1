import type { Knex } from 'knex';
import { DAY, type Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { transact } from '../db/transact.ts';

/** The UTC day of a moment, as the tallies name it. */
const dayOf = (at: Ms): string => new Date(at).toISOString().slice(0, 10);

/** Adds one to the day's count of each name given. */
export async function addTallies(tx: Knex.Transaction, now: Ms, names: readonly string[]): Promise<void> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const [name, n] of [...counts].sort()) {
    const row = { day: dayOf(now), name, n };
    await tx('tallies')
      .insert(row)
      .onConflict(['day', 'name'])
      .merge({ n: tx.raw('?? + ?', ['tallies.n', n]) });
  }
}

/** The sums of the tallies over the last `days` days, by name. */
export async function tallies(store: Store, now: Ms, days: number): Promise<Map<string, number>> {
  const since = dayOf(now - (days - 1) * DAY);
  const sum = store.db.raw('sum(??) as ??', ['n', 'n']);
  const rows: { name: string; n: number | string }[] = await store
    .db('tallies')
    .where('day', '>=', since)
    .groupBy('name')
    .select('name', sum)
    .limit(1000);
  return new Map(rows.map((r) => [r.name, Number(r.n)]));
}

/** The cursor that each finished reconciliation sets. */
export const RECONCILED = 'reconciled';

/** How far a step has come; see `setCursor`. */
export async function cursor(store: Store, name: string): Promise<{ value: string; at: Ms } | null> {
  const row: { value: string; at: Ms } | undefined = await store.db('cursors').where({ name }).first('value', 'at');
  return row ?? null;
}

export async function setCursor(store: Store, name: string, value: string, at: Ms): Promise<void> {
  await transact(store, (tx) => tx('cursors').insert({ name, value, at }).onConflict('name').merge());
}
