import type { Knex } from 'knex';
import { newId } from '../../base/ids.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { insertNew } from '../db/statements.ts';
import { transactOnce } from '../db/transact.ts';

/** What an operator, or we on an operator's behalf, did that can't be seen from the facts of one delivery alone. */
export type AuditEntry = { who: string; what: string; subject: string | null; detail: string | null };

/** Writes down what is done in this transaction. */
export async function auditIn(tx: Knex.Transaction, now: Ms, entry: AuditEntry, id = newId(now)): Promise<void> {
  await tx('audit').insert({ id, at: now, ...entry });
}

/** Whether that entry is there, and so what it tells of was done. */
export const audited = (id: string) => (tx: Knex.Transaction) => tx('audit').where({ id }).first('id');

export type Budget = { most: number; since: Ms };

/**
 * Writes an act down that may be done `most` times since a moment; false, and nothing is written, when it was done that
 * often already. However many ask at once, no more of them may do it.
 */
export function auditWithin(store: Store, now: Ms, entry: AuditEntry, { most, since }: Budget): Promise<boolean> {
  const id = newId(now);
  const name = `budget:${entry.what}`;
  return transactOnce(store, audited(id), async (tx) => {
    // All who ask wait for this row.
    await insertNew(tx, 'cursors', { name, value: '', at: now }, 'name');
    await tx('cursors').where({ name }).forUpdate().first('name');
    const done = await tx('audit').where({ what: entry.what }).where('at', '>=', since).count({ n: '*' }).first();
    if (Number(done?.['n'] ?? 0) >= most) return false;
    await auditIn(tx, now, entry, id);
    return true;
  });
}
