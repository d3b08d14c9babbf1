import type { Knex } from 'knex';
import { newId } from '../../base/ids.ts';
import { storable } from '../../core/safe-text.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { insertNew } from '../db/statements.ts';
import { transactOnce } from '../db/transact.ts';

/** An act of an operator, or of Homing for one, that can not be seen from the facts of one delivery. */
export type AuditEntry = { who: string; what: string; subject: string | null; detail: string | null };

/** Writes down what is done in this transaction. */
export async function auditIn(tx: Knex.Transaction, now: Ms, entry: AuditEntry, id = newId(now)): Promise<void> {
  const { who, what, subject, detail } = entry;
  const cut = (text: string | null, most: number) => (text === null ? null : storable(text, most));
  await tx('audit').insert({
    id,
    at: now,
    who: storable(who, 100),
    what,
    subject: cut(subject, 320),
    detail: cut(detail, 2000),
  });
}

/** Writes down an act by itself. */
export function audit(store: Store, now: Ms, entry: AuditEntry): Promise<void> {
  const id = newId(now);
  return transactOnce(store, audited(id), (tx) => auditIn(tx, now, entry, id));
}

/** Whether the entry is there, which means that its act was done. */
export const audited = (id: string) => (tx: Knex.Transaction) => tx('audit').where({ id }).first('id');

/** What was done to a subject, newest first. */
export async function auditOf({ db }: Store, subject: string, limit: number): Promise<(AuditEntry & { at: Ms })[]> {
  const rows: (AuditEntry & { at: Ms })[] = await db('audit')
    .where({ subject })
    .orderBy('at', 'desc')
    .limit(limit)
    .select('at', 'who', 'what', 'subject', 'detail');
  return rows.map((row) => ({ ...row, at: Number(row.at) }));
}

/** Which of these things somebody did in a time, newest first, and when. */
export async function doneBy(
  { db }: Store,
  { who, what, since, until, limit }: { who: string; what: readonly string[]; since: Ms; until: Ms; limit: number },
): Promise<{ what: string; at: Ms }[]> {
  const rows: { what: string; at: Ms }[] = await db('audit')
    .where({ who })
    .where('at', '>=', since)
    .where('at', '<=', until)
    .whereIn('what', [...what])
    .orderBy('at', 'desc')
    .limit(limit)
    .select('what', 'at');
  return rows.map((row) => ({ what: row.what, at: Number(row.at) }));
}

export type Budget = { most: number; since: Ms };

/**
 * Writes down an act that may be done `most` times since a moment. When it was done that often it writes nothing and
 * gives false. The same act again, with the same details, is another try of it and counts once. It holds for any number of
 * processes that ask at once.
 */
export function auditWithin(store: Store, now: Ms, entry: AuditEntry, { most, since }: Budget): Promise<boolean> {
  const id = newId(now);
  const name = `budget:${entry.what}`;
  return transactOnce(store, audited(id), async (tx) => {
    // Written and not only locked, so that those who ask at once do so in turn: the nodes of a cluster know of each other's
    // changes, and of no locks.
    await insertNew(tx, 'cursors', { name, value: '', at: now }, 'name');
    await tx('cursors').where({ name }).update({ value: id, at: now });
    const { what, subject, detail } = entry;
    if (subject && (await tx('audit').where({ what, subject, detail }).where('at', '>=', since).first('id')))
      return true;
    const done = await tx('audit').where({ what }).where('at', '>=', since).count({ n: '*' }).first();
    if (Number(done?.['n'] ?? 0) >= most) return false;
    await auditIn(tx, now, entry, id);
    return true;
  });
}
