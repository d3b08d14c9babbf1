import type { Attempt, Delivery, Fact } from '../delivery.ts';
import { isEnded } from '../delivery.ts';
import { proofsOf } from '../fold.ts';
import type { MessageClass } from '../message-class.ts';
import { lacksOneClick } from '../one-click.ts';
import type { Ms } from '../time.ts';
import { unprovenCopies } from './copies.ts';
import { causeOf, failingPlace, recipientDomain } from './place.ts';
import { retriesIn } from './retries.ts';
import { timeBucket } from './times.ts';

/**
 * What one delivery adds to the figures of the quarter of an hour in which it was asked for. The figures are sums of
 * these, so a delivery that moves takes away what it added before and adds what it adds now, whichever way it moved.
 */
export type Count = { what: What; value: string; n: number /** Sum of the times counted, where times are. */; ms: Ms };

export const WHATS = [
  'messages',
  'deliveries',
  'state', // its state
  'outcome', // how it arrived: first_try, retry_2, retry_3, …, fallback
  'reason', // state and reason of an end that is no arrival
  'time', // bucket of its time to delivery
  'double', // certain, possible
  'copy', // a second copy without proof that the first is lost, by why it went out
  'found', // how the provider's reports were found: webhook, poll, lookup
  'no_one_click', // bulk that nobody can unsubscribe from with one click
  'cause', // of its first failure, its ending, and whether it was retried
  'failing', // recipient domain and cause of its first failure
  'failing_retried',
  'failing_cured',
  'failing_saved',
  'failing_lost',
  'retry', // one retry: cause of the failure before it, attempt, sending IP, result
  'failing_retry', // the same, with the recipient domain before it
] as const;
export type What = (typeof WHATS)[number];

/** A delivery with what is counted of it. */
export type Counted = {
  recipient: string;
  domain: string;
  class: MessageClass;
  createdAt: Ms;
  facts: readonly Fact[];
  delivery: Delivery;
  /** Is it the first of its message, and so the one under which the message is counted? */
  first: boolean;
};

export function countsOf(c: Counted): Count[] {
  const { delivery: d, facts } = c;
  const arrival = arrivalOf(d);
  const counts: Count[] = [one('deliveries'), one('state', d.state)];
  if (c.first) counts.push(one('messages'));
  if (lacksOneClick(facts)) counts.push(one('no_one_click'));
  if (arrival) {
    const took = Math.max(0, arrival.at - c.createdAt);
    counts.push(one('outcome', arrival.outcome), { what: 'time', value: String(timeBucket(took)), n: 1, ms: took });
  } else if (isEnded(d.state)) counts.push(one('reason', `${d.state} ${d.reason ?? 'unknown'}`));
  const double = doubleOf(d, facts);
  if (double) counts.push(one('double', double));
  counts.push(...unprovenCopies(d, facts).map((why) => one('copy', why)));
  for (const f of facts) if (f.kind === 'reported') counts.push(one('found', f.foundBy));
  return [...counts, ...failureCounts(c)];
}

const one = (what: What, value = ''): Count => ({ what, value, n: 1, ms: 0 });

type Arrival = { at: Ms; outcome: string };

/**
 * When it arrived, and by which attempt. A provider that tells nothing more counts as arrival when it takes the mail.
 */
export function arrivalOf(d: Delivery): Arrival | null {
  const last = d.attempts.at(-1);
  if (d.state === 'relayed' && last) return { at: last.answer?.at ?? last.claim.at, outcome: outcomeOf(last) };
  if (d.state !== 'delivered') return null;
  const attempt = d.attempts.find((a) => d.arrivedOn.includes(a.number));
  if (!attempt) return null;
  const proofs = proofsOf(attempt.reports);
  const at = (proofs.find((r) => r.report === 'delivered') ?? proofs[0])?.at ?? attempt.claim.at;
  return { at, outcome: outcomeOf(attempt) };
}

function outcomeOf({ claim, number }: Attempt): string {
  if (claim.role === 'fallback') return 'fallback';
  return number === 1 ? 'first_try' : `retry_${number}`;
}

/** Proof of arrival on two attempts, or a hand-over made although an earlier one may have gone out. */
function doubleOf(d: Delivery, facts: readonly Fact[]): 'certain' | 'possible' | null {
  const wanted = facts.some((f) => f.kind === 'reopened' && f.again === true);
  if (wanted) return null;
  const taken = d.attempts.filter((a) => d.arrivedOn.includes(a.number) || isRelayed(a)).length;
  if (taken > 1) return 'certain';
  return d.attempts.some((a) => a.claim.double !== null) ? 'possible' : null;
}

/** Taken by a provider that tells nothing more, and not returned by it. */
const isRelayed = ({ answer, outcome }: Attempt): boolean =>
  answer?.kind === 'accepted' && !answer.tracked && outcome !== 'failed';

/** What became of a delivery that failed: cured by a retry through Mailgun, arrived all the same, saved by the fallback. */
export type Ending = 'cured' | 'arrived' | 'saved' | 'lost' | 'cancelled' | 'open';

/** The figure in which a place counts an ending, if it does. */
const FAILING: Record<Ending, What | null> = {
  cured: 'failing_cured',
  arrived: 'failing_cured',
  saved: 'failing_saved',
  lost: 'failing_lost',
  cancelled: null,
  open: null,
};

/** Why a delivery failed at first, where, what became of it, and how each of its retries went. */
function failureCounts({ recipient, delivery: d }: Counted): Count[] {
  const failed = d.attempts.find((a) => a.failure);
  if (!failed) return [];
  const isRetried = d.attempts.some((a) => a.number > failed.number && a.claim.role !== 'fallback');
  const ending = endingOf(d, failed);
  const figures: (What | null)[] = ['failing', isRetried ? 'failing_retried' : null, FAILING[ending]];
  const place = failingPlace(recipient, failed);
  const retries = retriesIn(d).map((r) => `${r.cause} ${r.attempt} ${r.sendingIp} ${r.result}`);
  const to = recipientDomain(recipient);
  return [
    one('cause', `${causeOf(failed)} ${ending} ${isRetried ? 'retried' : 'direct'}`),
    ...figures.flatMap((what) => (what === null ? [] : [one(what, place)])),
    ...retries.flatMap((retry) => [one('retry', retry), one('failing_retry', `${to} ${retry}`)]),
  ];
}

function endingOf(d: Delivery, failed: Attempt): Ending {
  if (d.state === 'relayed') return 'saved';
  if (d.state === 'delivered') return (d.arrivedOn[0] ?? 0) > failed.number ? 'cured' : 'arrived';
  if (d.state === 'cancelled') return 'cancelled';
  return isEnded(d.state) ? 'lost' : 'open';
}
