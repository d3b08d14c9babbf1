import type { Knex } from 'knex';
import { domainOf } from '../../core/address.ts';
import { type Fact, isEnded } from '../../core/delivery.ts';
import { fold } from '../../core/fold.ts';
import type { MessageClass } from '../../core/message-class.ts';
import { storable } from '../../core/safe-text.ts';
import type { Ms } from '../../core/time.ts';
import type { Turn } from '../../core/turn.ts';
import type { Store } from '../db/open.ts';
import { insertRows, putRows, rowsWith } from '../db/statements.ts';
import { chunks, tellAfter, transact } from '../db/transact.ts';
import type { Move } from '../rows/move.ts';
import { type DeliveryRow, factRow, load, recipientKey, type View } from '../rows/rows.ts';
import { PROJECTIONS } from './projections.ts';

export const PRIORITY: Record<MessageClass, number> = { access: 0, notice: 1, bulk: 2 };

type Decide = (view: View) => Fact[];
type Along = (tx: Knex.Transaction) => Promise<void>;
type Which = { ids: readonly string[]; lease?: string };

/**
 * The one door through which deliveries change, many at a time.
 *
 * `decide` sees each delivery as it is, under lock, and answers with what happened; answering with nothing changes
 * nothing, and a fact that is known already is not added again, so the change may be made twice. `along` writes what is to
 * be committed with it. Returns the deliveries as they are afterwards.
 */
export function change(store: Store, ids: readonly string[], now: Ms, decide: Decide, along?: Along): Promise<View[]> {
  return changeEach(store, { ids }, now, decide, along);
}

/**
 * The same for deliveries that were claimed: those that the lease does not hold any more are not shown, and the others give
 * it back, even where nothing else changes. Those that were shown before a COMMIT without a reply are returned too, whether
 * or not the lease is gone since.
 */
export function changeHeld(
  store: Store,
  held: { ids: readonly string[]; lease: string },
  now: Ms,
  decide: Decide,
): Promise<View[]> {
  return changeEach(store, held, now, decide);
}

/** `change` inside a transaction that does more. */
export function changeIn(tx: Knex.Transaction, ids: readonly string[], now: Ms, decide: Decide): Promise<View[]> {
  return changeWithin(tx, { ids }, now, decide);
}

async function changeEach(
  store: Store,
  { ids, ...held }: Which,
  now: Ms,
  decide: Decide,
  along?: Along,
): Promise<View[]> {
  const done: View[] = [];
  const parts = chunks([...new Set(ids)].sort(), 200);
  for (const part of parts) {
    const shown = new Set<string>();
    const seen = (view: View): Fact[] => {
      shown.add(view.id);
      return decide(view);
    };
    const after = await transact(store, async (tx) => {
      const before = [...shown];
      const views = await changeWithin(tx, { ids: part, ...held }, now, seen);
      if (part === parts.at(-1)) await along?.(tx);
      const gone = before.filter((id) => !views.some((v) => v.id === id));
      return [...views, ...(await load(tx, gone)).values()];
    });
    done.push(...after);
  }
  return done;
}

async function changeWithin(tx: Knex.Transaction, { ids, lease }: Which, now: Ms, decide: Decide): Promise<View[]> {
  const views = await load(tx, ids, true);
  const held = lease === undefined ? null : await heldBy(tx, [...views.keys()], lease);
  const moves = [...views.values()]
    .filter((view) => held === null || held.has(view.id))
    .map((view) => moveOf(view, decide(view)));
  // With a lease even a delivery that did not change is written, which gives the lease back.
  await write(tx, lease === undefined ? moves.filter((m) => m.fresh.length > 0) : moves, now);
  return moves.map((m) => m.after);
}

/** What these facts make of the delivery; those that it has already are left out. */
function moveOf(view: View, told: readonly Fact[]): Move {
  const known = new Set(view.facts.map((f) => f.key));
  const fresh = told.filter((f) => !known.has(f.key) && known.add(f.key));
  const facts = [...view.facts, ...fresh];
  const delivery = fresh.length > 0 ? fold(view.birth, facts) : view.delivery;
  return { view, fresh, before: view.delivery, after: { ...view, facts, delivery } };
}

/**
 * Those that the lease still holds. Asked after the deliveries are locked, because while we wait for the lock somebody
 * else may claim and change them. Locked themselves, because a claim locks these rows alone.
 */
async function heldBy(tx: Knex.Transaction, ids: readonly string[], lease: string): Promise<Set<string>> {
  const which = { columns: 'delivery_id, lease', table: 'due', key: 'delivery_id', isLocked: true };
  const rows = await rowsWith<{ delivery_id: string; lease: string | null }>(tx, which, ids);
  return new Set(rows.filter((r) => r.lease === lease).map((r) => r.delivery_id));
}

/** Writes the facts, the states, what is due and all projections, in a few statements for any number of deliveries. */
export async function write(tx: Knex.Transaction, moves: readonly Move[], now: Ms): Promise<void> {
  if (moves.length === 0) return;
  const facts = moves.flatMap((m) => m.fresh.map((f) => factRow(m.view.id, f, now)));
  await insertRows(tx, 'facts', facts);
  // Deliveries that did not change are not written; of the others only the columns that can change.
  const moved = moves.filter((m) => m.after.delivery !== m.before);
  const rows = moved.map((m) => deliveryRow(m, now));
  await putRows(tx, 'deliveries', rows, { key: 'id', columns: CHANGING });
  const ended = moves.filter((m) => isEnded(m.after.delivery.state)).map((m) => m.view.id);
  if (ended.length > 0) await tx('due').whereIn('delivery_id', ended).delete();
  const open = moves.filter((m) => !isEnded(m.after.delivery.state)).map(dueRow);
  await putRows(tx, 'due', open, { key: 'delivery_id', columns: WAITING });
  for (const { project } of PROJECTIONS) await project(tx, moves, now);
  tellAfter(tx, moves.map(turnOf));
}

const turnOf = ({ view, fresh, before, after }: Move): Turn => ({
  ...{ deliveryId: view.id, messageId: view.messageId },
  ...{ class: after.class, receiver: domainOf(view.recipient), wantedAt: wantedAt(view.birth) },
  domain: view.domain,
  ...{ facts: fresh, before, after: after.delivery },
});

const wantedAt = ({ createdAt, deliverAt }: View['birth']): Ms => Math.max(createdAt, deliverAt ?? 0);

const CHANGING: (keyof DeliveryRow)[] = [
  'class',
  'state',
  'reason',
  'attempt',
  'provider',
  'next_at',
  'updated_at',
  'ended_at',
];

function deliveryRow({ view, before, after }: Move, now: Ms): DeliveryRow & { updated_at: Ms } {
  const d = after.delivery;
  const endedNow = isEnded(d.state) && !(before && isEnded(before.state));
  return {
    id: view.id,
    message_id: view.messageId,
    recipient: view.recipient,
    recipient_key: recipientKey(view.recipient),
    domain: view.domain,
    class: after.class,
    state: d.state,
    reason: reasonOf(d),
    attempt: d.attempt,
    provider: d.provider,
    next_at: d.nextAt,
    message_at: view.messageAt,
    created_at: view.birth.createdAt,
    // Never the same twice: nodes of a cluster see that both have changed it only where the row has changed.
    updated_at: now === view.updatedAt ? now + 1 : now,
    ended_at: isEnded(d.state) ? (endedNow ? now : (view.endedAt ?? now)) : null,
  };
}

/** The words of whoever cancelled it go before our own. */
const reasonOf = ({ said, reason }: View['delivery']): string | null => (said ? storable(said, 64) : reason);

const WAITING = ['priority', 'at', 'lane', 'lease', 'ask_at', 'ask_unsuppress', 'ask_lease'];

function dueRow({ view, after }: Move) {
  const waits = { lane: '', lease: null, ask_at: null, ask_unsuppress: 0, ask_lease: null };
  return { delivery_id: view.id, priority: PRIORITY[after.class], at: after.delivery.nextAt ?? 0, ...waits };
}
