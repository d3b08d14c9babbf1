import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { transact } from '../db/transact.ts';

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
