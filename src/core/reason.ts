import { REFUSALS, type Refusal } from './answer.ts';
import { CAUSES, type Cause } from './verdict.ts';

/** Reasons other than the cause of a failure and the refusal of a provider. */
const OTHERS = [
  // A delivery ended, or was sent again, for one of these.
  'useful_life_over',
  'nothing_to_send', // no body is kept, and the provider has no stored copy
  'storage_gone',
  'storage_refused', // the refusal of that name, when there is no copy of ours to send instead
  'never_reached_provider',
  'secondary_refused',
  'secondary_exhausted',
  'bounce_listed',
  'ends_processes', // each process that handed it over died of it
  'bounce_list_unasked', // nobody could say in time that the address is off the provider's bounce list
  'not_confirmed', // known from events alone, and the provider does not confirm the recipient
  'unconfirmed',
  'silence',
  'provider_down', // mail leaves elsewhere, or waits, until it is back
  'provider_held', // an operator keeps mail from leaving through it
  'silent_accepted',
  'silent_deferred',
  'failed', // the provider reported a failure without a cause
  // A delivery is in its state for one of these.
  'unanswered',
  'reopened',
  'nothing_returned', // a server took it that returns what does not arrive
  // It was cancelled by somebody or something.
  'superseded',
  'by_application',
  'by_operator',
  // It waits for one of these.
  'still_in_flight',
  'nothing_heard',
  'secondary_did_not_take_it',
  // An earlier version wrote something that is not in this list.
  'unknown',
] as const;

/** Why a delivery stands where it stands, waits or has ended, as one word. */
export type Reason = Cause | `refused_${Refusal}` | (typeof OTHERS)[number];

/** Who or what cancelled a delivery. */
export type CancelReason = 'superseded' | 'by_application' | 'by_operator';

export const refusedFor = (why: Refusal): Reason => `refused_${why}`;

export const REASONS: readonly Reason[] = [...CAUSES, ...REFUSALS.map(refusedFor), ...OTHERS];

const KNOWN: ReadonlySet<string> = new Set(REASONS);
export const isReason = (text: string): text is Reason => KNOWN.has(text);

/**
 * The reason of an end as it was stored. Earlier versions kept the words of whoever cancelled a delivery in its place:
 * these are given back as `said`.
 */
export function readEnd(state: string, text: string): { reason: Reason; said?: string } {
  if (isReason(text)) return { reason: text };
  if (state !== 'cancelled') return { reason: 'unknown', said: text };
  if (text === 'by the application') return { reason: 'by_application' };
  const isOperators = /^by .*command line\)?$/.test(text);
  return { reason: isOperators ? 'by_operator' : 'by_application', said: text };
}

/** What a wait is for, as it was stored. Earlier versions kept whole sentences: these are given back as `detail`. */
export const readWait = (text: string): { why: Reason; detail?: string } =>
  isReason(text) ? { why: text } : { why: 'unknown', detail: text };
