import { AppError } from '../base/errors.ts';
import { type Policy, usefulUntil } from '../core/policy.ts';
import { type Asked, type ResendResult, resendableFrom, resendOf } from '../core/resend.ts';
import type { Ms } from '../core/time.ts';
import type { Row } from '../core/waiting.ts';
import type { Store } from '../store/db/open.ts';
import { findMessageRow } from '../store/messages/find.ts';
import { askAgain, askByKey, awaitedFrom, type Newest } from '../store/messages/resends.ts';
import type { MessageRow, View } from '../store/rows/rows.ts';
import { copiesAtHand, detailOf, type Request, reopenedFact } from './operate.ts';

/** What asking for a message again came to, and from when on that may be done again; null where it is of no use. */
export type Resent = { result: ResendResult; reopened: number; availableAt: Ms | null };

/**
 * Sends a message once more to those whom it has not reached, at most once within the cooldown, however many ask at once and
 * whichever daemon they ask. What waits of the older copy does not leave any more; what a provider has can't be taken back.
 * Throws `not_found`.
 */
export async function resendMessage(
  store: Store,
  { message: name, recipient, who, why }: Request,
  { cooldown, now }: { cooldown: Ms; now: Ms },
): Promise<Resent> {
  const message = await findMessageRow(store, name);
  if (!message) throw new AppError('not_found', 'there is no such message');
  const hasCopy = await copiesAtHand(store, message, now);
  const decide = (views: readonly View[], asked: Asked | null) => {
    if (views.length === 0) throw new AppError('not_found', 'the message has no such recipient');
    const all = views.map((view) => ({ view, ...resendable(view), hasCopy: hasCopy(view) }));
    const from = resendableFrom(awaitedFrom(message), asked, cooldown);
    const { result, opens } = resendOf(all, asked, from, now);
    const facts = new Map(all.filter(opens).map(({ view }) => [view.id, reopenedFact(view, who, now)] as const));
    const again = facts.size > 0 ? resendableFrom(now, { times: (asked?.times ?? 0) + 1, at: now }, cooldown) : from;
    const isOfUse = result === 'resent' || (result === 'waiting' && now < from);
    return { answer: { result, reopened: facts.size, availableAt: isOfUse ? again : null }, facts };
  };
  const entry = (ids: readonly string[]) => ({ who, what: 'resend', subject: message.id, detail: detailOf(ids, why) });
  return askAgain(store, { message, recipient, now, decide, entry });
}

const resendable = ({ delivery, suppressed, birth }: View) => ({
  delivery,
  barred: suppressed !== null || birth.policy.watch,
});

/** Whether a new message with a key may be sent: `yes` holds for the one who is told it, and starts the wait of the others. */
export type MayResend = {
  answer: 'yes' | 'wait' | 'already_delivered' | 'cancelled';
  /** From when on it may be asked again; null where that is of no use. */
  availableAt: Ms | null;
};

/**
 * Asked before a message with this key is made anew. What was delivered, or cancelled, stays so as long as the message would
 * be of use.
 */
export function mayResend(store: Store, key: string, { cooldown, now }: { cooldown: Ms; now: Ms }): Promise<MayResend> {
  const decide = (newest: Newest | null, asked: Asked | null): { answer: MayResend; asked: Asked | null } => {
    const settled = newest && now < uselessFrom(newest.message) ? settledAs(newest.rows) : null;
    if (settled) return { answer: { answer: settled, availableAt: null }, asked: null };
    const madeAt = newest ? awaitedFrom(newest.message) : null;
    const from = madeAt === null && asked === null ? now : resendableFrom(madeAt ?? 0, asked, cooldown);
    if (now < from) return { answer: { answer: 'wait', availableAt: from }, asked: null };
    const next = { times: madeAt === null ? 0 : (asked?.times ?? 0) + 1, at: now };
    return { answer: { answer: 'yes', availableAt: resendableFrom(now, next, cooldown) }, asked: next };
  };
  return askByKey(store, { key, now, decide });
}

function settledAs(rows: readonly Row[]): 'already_delivered' | 'cancelled' | null {
  if (rows.length === 0) return null;
  if (rows.every(({ state }) => state === 'delivered')) return 'already_delivered';
  return rows.every(({ state, reason }) => state === 'cancelled' && reason !== 'superseded') ? 'cancelled' : null;
}

const uselessFrom = (message: MessageRow): Ms =>
  usefulUntil({ createdAt: awaitedFrom(message), policy: JSON.parse(message.policy) as Policy });
