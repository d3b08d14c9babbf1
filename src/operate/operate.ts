import { AppError } from '../base/errors.ts';
import { type Cancelled, type CancelledDelivery, cancelOutcome } from '../core/cancelled.ts';
import { type Attempt, type Fact, isEnded, mayComeBack } from '../core/delivery.ts';
import { endedFact } from '../core/ended.ts';
import type { CancelReason } from '../core/reason.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { withBodies } from '../store/messages/bodies.ts';
import { changeMessage } from '../store/messages/change-message.ts';
import { domains } from '../store/messages/domains.ts';
import { findMessageRow } from '../store/messages/find.ts';
import type { MessageRow, View } from '../store/rows/rows.ts';

/** A message (see `findMessageRow`), one of its recipients or all of them, who asks, and for what reason if that is said. */
export type Request = { message: string; recipient?: string | undefined; who: string; why?: string | undefined };

/** Ends what is still open of a message; says what that comes to for each delivery. */
export async function cancelMessage(
  store: Store,
  request: Request & { reason: CancelReason; said?: string | undefined },
  now: Ms,
): Promise<Cancelled> {
  const { reason, said } = request;
  const outcomes = new Map<string, CancelledDelivery>();
  const decide = (view: View): Fact | null => {
    // Decided once more after a COMMIT without a reply, it would look as if it had been cancelled before.
    if (!outcomes.has(view.id))
      outcomes.set(view.id, { recipient: view.recipient, outcome: cancelOutcome(view.delivery) });
    if (isEnded(view.delivery.state) && !mayComeBack(view.delivery)) return null;
    const fact = endedFact(view, 'cancelled', reason, now);
    return said === undefined ? fact : { ...fact, said };
  };
  const cancelled = await operate(store, request, { what: 'cancel', now, decide });
  return { cancelled, deliveries: [...outcomes.values()] };
}

/** How many deliveries were opened, and how many stayed as they are: their address is suppressed, or there is no copy. */
export type Reopened = { reopened: number; suppressed?: number; withoutCopy?: number };

/**
 * Opens ended deliveries again, with as many tries and as much useful life as a new message has; says how many. `retry`
 * takes those that did not arrive, `resend` any of them. Throws a conflict when there is none.
 */
export async function reopenMessage(
  store: Store,
  request: Request & { what: 'retry' | 'resend' },
  now: Ms,
): Promise<Reopened> {
  const { what, who } = request;
  const message = await findMessageRow(store, request.message);
  const hasCopy = await copiesOf(store, message ? [{ messageId: message.id, domain: message.domain }] : [], now);
  const barred = new Set<string>();
  const lost = new Set<string>();
  const decide = (view: View): Fact | null => {
    if (!mayReopen(view, what)) return null;
    if (view.suppressed !== null) barred.add(view.id);
    else if (!hasCopy(view)) lost.add(view.id);
    else return reopenedFact(view, who, now);
    return null;
  };
  const reopened = await operate(store, request, { what, now, decide });
  if (reopened > 0)
    return {
      reopened,
      ...(barred.size > 0 ? { suppressed: barred.size } : {}),
      ...(lost.size > 0 ? { withoutCopy: lost.size } : {}),
    };
  if (barred.size > 0)
    throw new AppError('conflict', 'the address is on the suppression list: take it off first (homing suppressions)');
  if (lost.size > 0)
    throw new AppError(
      'conflict',
      'no copy of the message is kept any more that could be sent: neither by the provider nor here, where it is deleted when a message has ended. Only the application can send it anew',
    );
  const missed = what === 'retry' ? 'has ended without arriving; "resend" also sends what has arrived' : 'has ended';
  throw new AppError('conflict', `nothing can be sent again: no delivery of this message ${missed}`);
}

/**
 * Whether a copy of a delivery may still be had: ours, one that the provider keeps, or one that it may tell of when it is
 * asked about an attempt that it took.
 */
export async function copiesOf(
  store: Store,
  of: readonly Pick<View, 'messageId' | 'domain'>[],
  now: Ms,
): Promise<(view: View) => boolean> {
  const bodies = await withBodies(
    store,
    of.map(({ messageId }) => messageId),
  );
  const known = await domains(
    store,
    of.map(({ domain }) => domain),
  );
  return ({ messageId, domain, birth, delivery: { attempts, storages, reason } }) => {
    if (bodies.has(messageId)) return true;
    const retention = known.get(domain)?.retention ?? null;
    if (retention !== null && now >= birth.createdAt + retention) return false;
    if (reason === 'storage_gone' || reason === 'nothing_to_send') return false;
    // Who does not track a mail keeps no copy of it either.
    const isTracked = ({ answer }: Attempt) => answer?.kind !== 'accepted' || answer.tracked;
    return storages.length > 0 || attempts.some((a) => a.outcome !== 'refused' && isTracked(a));
  };
}

/** Whether a copy of a delivery is at hand that can be sent at once: ours, or one that a provider is known to keep. */
export async function copiesAtHand(
  store: Store,
  { id, domain }: MessageRow,
  now: Ms,
): Promise<(view: View) => boolean> {
  if ((await withBodies(store, [id])).size > 0) return () => true;
  const retention = (await domains(store, [domain])).get(domain)?.retention ?? null;
  return ({ birth, delivery: { storages, reason } }) => {
    const isGone = retention !== null && now >= birth.createdAt + retention;
    return !isGone && reason !== 'storage_gone' && storages.length > 0;
  };
}

/** A `relayed` delivery may have arrived, and nobody will tell: to retry it would often be a double. */
function mayReopen({ delivery }: View, what: 'retry' | 'resend'): boolean {
  if (!isEnded(delivery.state)) return false;
  return what === 'resend' || (delivery.state !== 'delivered' && delivery.state !== 'relayed');
}

export function reopenedFact({ delivery }: View, by: string, now: Ms, way: { byBackup?: true } = {}): Fact {
  const round = delivery.round + 1;
  const fact: Fact = {
    key: `reopened:${round}`,
    at: now,
    kind: 'reopened',
    attempt: delivery.attempt,
    round,
    tries: delivery.tries,
    by,
    ...way,
  };
  return delivery.arrivedOn.length > 0 ? { ...fact, again: true } : fact;
}

/** Changes the deliveries and writes the audit of it, both or neither; says how many were changed. */
async function operate(
  store: Store,
  { message: name, recipient, who, why }: Request,
  { what, now, decide }: { what: string; now: Ms; decide(view: View): Fact | null },
): Promise<number> {
  const message = await findMessageRow(store, name);
  if (!message) throw new AppError('not_found', 'there is no such message');
  const { found, changed } = await changeMessage(store, {
    messageId: message.id,
    recipient,
    now,
    decide,
    entry: (ids) => ({ who, what, subject: message.id, detail: detailOf(ids, why) }),
  });
  if (found === 0) throw new AppError('not_found', 'the message has no such recipient');
  return changed;
}

export const detailOf = (ids: readonly string[], why?: string): string =>
  `${why === undefined ? '' : `${why}; `}${ids.length} deliveries: ${ids.slice(0, 20).join(' ')}${ids.length > 20 ? ' …' : ''}`;

/** What such a detail says: why, and to which deliveries it was done; null when these are not all named. */
export function saidIn(detail: string): { why: string | null; ids: readonly string[] | null } {
  const [whole, why, names = '', more] = /^(?:(.*); )?\d+ deliveries: ([\w ]*?)( …)?$/s.exec(detail) ?? [];
  if (whole === undefined) return { why: detail || null, ids: null };
  return { why: why || null, ids: more ? null : names.split(' ') };
}
