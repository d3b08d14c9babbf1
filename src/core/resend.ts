import type { Delivery } from './delivery.ts';
import { DAY, type Ms } from './time.ts';

/** How often a mail was asked for again so far, and when last. */
export type Asked = { times: number; at: Ms };

/** Who has not asked for so long asks as if for the first time. */
export const ASKED_KEPT: Ms = DAY;

/** The waits before the first, the second and every later time, as multiples of `RESEND_COOLDOWN`. */
const WAITS = [1, 2, 5] as const;

/** From when on a mail may be asked for again that was made at that time. */
export function resendableFrom(madeAt: Ms, asked: Asked | null, cooldown: Ms): Ms {
  const wait = WAITS[Math.min(asked?.times ?? 0, WAITS.length - 1)] ?? 1;
  return Math.max(madeAt, asked?.at ?? 0) + wait * cooldown;
}

/** What asking for a mail again comes to. */
export type ResendResult =
  /** It is sent once more, or was within the wait. */
  | 'resent'
  /** A copy is on its way, or it is too early for another. */
  | 'waiting'
  | 'already_delivered'
  /** It was cancelled, by the application or by a newer mail: nothing more is sent. */
  | 'cancelled'
  /** It failed for good, its address is suppressed, or there is no copy that could be sent. */
  | 'not_possible';

/** A delivery that is asked for again. */
export type Resendable = {
  delivery: Pick<Delivery, 'state' | 'attempt' | 'reopened'>;
  /** Nothing may be sent to the address, or this mail is only watched. */
  barred: boolean;
  hasCopy: boolean;
};

/** What becomes of it, and whether it is one of those that are sent again. */
export type Resend = { result: ResendResult; opens(one: Resendable): boolean };

/** What asking again comes to for deliveries that stand like this; `from` is when that may be done again. */
export function resendOf(all: readonly Resendable[], asked: Asked | null, from: Ms, now: Ms): Resend {
  const left = new Set(all.map(prospectOf).filter((prospect) => prospect !== 'delivered'));
  if (left.size === 0) return nothing('already_delivered');
  if (!left.has('open') && !left.has('under_way')) return nothing(left.has('lost') ? 'not_possible' : 'cancelled');
  if (now < from) return nothing(asked === null || asked.times === 0 ? 'waiting' : 'resent');
  if (!left.has('open')) return nothing('waiting');
  return { result: 'resent', opens: (one) => prospectOf(one) === 'open' };
}

const nothing = (result: ResendResult): Resend => ({ result, opens: () => false });

/** Whether another copy can be sent. What has not left, or is leaving at this moment, needs none. */
function prospectOf({
  delivery,
  barred,
  hasCopy,
}: Resendable): 'delivered' | 'cancelled' | 'under_way' | 'open' | 'lost' {
  const { state, attempt, reopened } = delivery;
  if (state === 'delivered' || state === 'cancelled') return state;
  if (state === 'sending' || (state === 'queued' && (attempt === 0 || reopened !== null))) return 'under_way';
  return barred || state === 'failed' || !hasCopy ? 'lost' : 'open';
}
