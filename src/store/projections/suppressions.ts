import type { Knex } from 'knex';
import { newId } from '../../base/ids.ts';
import { maskAddress } from '../../core/address.ts';
import type { Delivery } from '../../core/delivery.ts';
import { storable } from '../../core/safe-text.ts';
import { type Suppressing, suppressedBy } from '../../core/suppression.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { insertNew, rowsWith } from '../db/statements.ts';
import { transactOnce } from '../db/transact.ts';
import { audited, auditIn } from '../notes/audit.ts';
import type { Move } from '../rows/move.ts';
import type { Projection } from '../rows/projection.ts';
import { recipientKey, type SuppressionRow } from '../rows/rows.ts';

/**
 * Puts addresses on our list, or takes them off, as the facts say. Only new facts count, so what an operator removed
 * stays removed. The list is kept when the messages are deleted.
 */
export const suppressions: Projection = { name: 'suppressions', project: noteSuppressions };

async function noteSuppressions(tx: Knex.Transaction, moves: readonly Move[]): Promise<void> {
  const puts = new Map<string, SuppressionRow>();
  for (const move of moves.filter((m) => m.fresh.length > 0)) {
    const [before, after] = [saidBefore(move), suppressedBy(move.after.facts)];
    if (before?.at === after?.at && before?.cause === after?.cause) continue;
    const address_key = recipientKey(move.view.recipient);
    if (after) puts.set(address_key, rowOf(address_key, move.view.id, after));
    else await tx('suppressions').where({ address_key, delivery_id: move.view.id }).delete();
  }
  const rows = [...puts.values()].sort((a, b) => (a.address_key < b.address_key ? -1 : 1));
  const wishes = rows.filter(isWish);
  const replies = rows.filter((r) => !isWish(r));
  // The first reply stays; a complaint or unsubscription replaces it, but never a complaint by what bars less.
  await insertNew(tx, 'suppressions', replies, 'address_key');
  const stronger = wishes.filter(({ cause }) => cause === 'complained');
  const weaker = await withoutComplaints(tx, wishes);
  for (const some of [stronger, weaker])
    if (some.length > 0) await tx('suppressions').insert(some).onConflict('address_key').merge();
}

async function withoutComplaints(tx: Knex.Transaction, wishes: readonly SuppressionRow[]): Promise<SuppressionRow[]> {
  const weaker = wishes.filter(({ cause }) => cause !== 'complained');
  const keys = weaker.map(({ address_key }) => address_key);
  const rows = await rowsWith<SuppressionRow>(tx, { table: 'suppressions', key: 'address_key', isLocked: true }, keys);
  const complained = new Set(rows.flatMap((row) => (row.cause === 'complained' ? [row.address_key] : [])));
  return weaker.filter(({ address_key }) => !complained.has(address_key));
}

const saidBefore = ({ view, before }: { view: Move['view']; before: Delivery | null }): Suppressing | null =>
  before === null ? null : suppressedBy(view.facts);

const isWish = ({ cause }: SuppressionRow): boolean => cause === 'complained' || cause === 'unsubscribed';

const rowOf = (address_key: string, delivery_id: string, { cause, reply, at }: Suppressing): SuppressionRow => ({
  address_key,
  cause,
  reply,
  delivery_id,
  created_at: at,
});

export type SuppressionPage = { rows: SuppressionRow[]; next: string | null };

/** The list in the order of addresses; `next` is the address after which the next page begins, or null. */
export async function listSuppressions(
  store: Store,
  wanted: { limit: number; after?: string | undefined; address?: string | undefined },
): Promise<SuppressionPage> {
  const query = store
    .db('suppressions')
    .orderBy('address_key')
    .limit(wanted.limit + 1);
  if (wanted.after !== undefined) query.where('address_key', '>', wanted.after);
  if (wanted.address !== undefined) query.where({ address_key: recipientKey(wanted.address) });
  const rows: SuppressionRow[] = await query;
  const page = rows.slice(0, wanted.limit);
  return { rows: page, next: rows.length > wanted.limit ? (page.at(-1)?.address_key ?? null) : null };
}

/** Takes an address off the list, for a reason if there is one; returns what stood there, or null. */
export async function removeSuppression(
  store: Store,
  address: string,
  who: string,
  now: Ms,
  why: string | null = null,
): Promise<SuppressionRow | null> {
  const address_key = recipientKey(address);
  const auditId = newId(now);
  return transactOnce(store, audited(auditId), async (tx) => {
    const row: SuppressionRow | undefined = await tx('suppressions').where({ address_key }).forUpdate().first();
    if (!row) return null;
    await tx('suppressions').where({ address_key }).delete();
    const was = `${row.cause} since ${new Date(row.created_at).toISOString()}, delivery ${row.delivery_id ?? '-'}`;
    const detail = why === null ? was : `${was}; ${why}`;
    await auditIn(tx, now, { who, what: 'suppression_remove', subject: maskAddress(address_key), detail }, auditId);
    return row;
  });
}

/** Puts an address on the list by an operator's word; false when it was there already. */
export async function addSuppression(
  store: Store,
  { address, who, reason }: { address: string; who: string; reason: string | null },
  now: Ms,
): Promise<boolean> {
  const address_key = recipientKey(address);
  const reply = reason === null ? null : storable(reason, 500);
  const row = { address_key, cause: 'operator', reply, delivery_id: null, created_at: now };
  const auditId = newId(now);
  return transactOnce(store, audited(auditId), async (tx) => {
    const known = await tx('suppressions').where({ address_key }).first('address_key');
    if (known) return false;
    await insertNew(tx, 'suppressions', row, 'address_key');
    const entry = { who, what: 'suppression_add', subject: maskAddress(address_key), detail: reply };
    await auditIn(tx, now, entry, auditId);
    return true;
  });
}
