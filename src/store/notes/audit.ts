import type { Knex } from 'knex';
import { newId } from '../../base/ids.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { transact } from '../db/transact.ts';

/** What an operator, or we on an operator's behalf, did that can't be seen from the facts of one delivery alone. */
export type AuditEntry = { who: string; what: string; subject: string | null; detail: string | null };

export async function audit(store: Store, now: Ms, entry: AuditEntry): Promise<void> {
  await transact(store, (tx) => auditIn(tx, now, entry));
}

/** The same in the transaction that does what it tells of. */
export async function auditIn(tx: Knex.Transaction, now: Ms, entry: AuditEntry, id = newId(now)): Promise<void> {
  await tx('audit').insert({ id, at: now, ...entry });
}

export async function auditedSince(store: Store, what: string, since: Ms): Promise<number> {
  const row = await store.db('audit').where({ what }).where('at', '>=', since).count({ n: '*' }).first();
  return Number(row?.['n'] ?? 0);
}
