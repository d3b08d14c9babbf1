import type { Knex } from 'knex';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { transact } from '../db/transact.ts';

/** The cursor that each finished reconciliation sets. */
export const RECONCILED = 'reconciled';

/**
 * The cursor of how far a provider's records of a domain are read. Those of Mailgun have no provider in their names: they
 * are in databases from before there were other providers.
 */
export const readTo = (which: 'head' | 'settled', provider: string, domain: string): string =>
  `${which}:${provider === 'mailgun' ? domain : `${provider} ${domain}`}`;

/** How far the steps with these names have come; those that never ran are left out. */
export async function cursorsAt(store: Store, names: readonly string[]): Promise<Map<string, Ms>> {
  const rows: { name: string; at: Ms }[] = await store
    .db('cursors')
    .whereIn('name', [...names])
    .select('name', 'at');
  return new Map(rows.map(({ name, at }) => [name, at]));
}

/** How far a step has come; see `setCursor`. */
export async function cursor(store: Store, name: string): Promise<{ value: string; at: Ms } | null> {
  const row: { value: string; at: Ms } | undefined = await store.db('cursors').where({ name }).first('value', 'at');
  return row ?? null;
}

export async function setCursor(store: Store, name: string, value: string, at: Ms): Promise<void> {
  await transact(store, (tx) => setCursorIn(tx, name, value, at));
}

/** The same in a transaction that does more. */
export async function setCursorIn(tx: Knex.Transaction, name: string, value: string, at: Ms): Promise<void> {
  await tx('cursors').insert({ name, value, at }).onConflict('name').merge();
}
