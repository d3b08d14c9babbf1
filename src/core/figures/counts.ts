import { domainOf } from '../address.ts';
import type { Attempt, Delivery, Fact } from '../delivery.ts';
import { isEnded } from '../delivery.ts';
import { provesArrival } from '../fold.ts';
import type { MessageClass } from '../message-class.ts';
import { HOUR, MINUTE, type Ms, SECOND } from '../time.ts';

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
  'found', // how the provider's reports were found: webhook, poll, lookup
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

export const QUARTER: Ms = 15 * MINUTE;

/** All offsets from UTC in use are whole quarters of an hour, so days of any timezone are sums of these. */
export const quarterOf = (at: Ms): Ms => Math.floor(at / QUARTER) * QUARTER;

export function countsOf(c: Counted): Count[] {
  const { delivery: d, facts } = c;
  const arrival = arrivalOf(d);
  const counts: Count[] = [one('deliveries'), one('state', d.state)];
  if (c.first) counts.push(one('messages'));
  if (arrival) {
    const took = Math.max(0, arrival.at - c.createdAt);
    counts.push(one('outcome', arrival.outcome), { what: 'time', value: String(timeBucket(took)), n: 1, ms: took });
  } else if (isEnded(d.state)) counts.push(one('reason', `${d.state} ${d.reason ?? 'unknown'}`));
  const double = doubleOf(d, facts);
  if (double) counts.push(one('double', double));
  for (const f of facts) if (f.kind === 'reported') counts.push(one('found', f.foundBy));
  return [...counts, ...failureCounts(c)];
}

const one = (what: What, value = ''): Count => ({ what, value, n: 1, ms: 0 });

type Arrival = { at: Ms; outcome: string };

/** When it arrived, and by which attempt. What is not tracked counts from its answer: nothing more is ever told. */
function arrivalOf(d: Delivery): Arrival | null {
  const last = d.attempts.at(-1);
  if (d.state === 'relayed' && last) return { at: last.answer?.at ?? last.claim.at, outcome: outcomeOf(last) };
  if (d.state !== 'delivered') return null;
  const attempt = d.attempts.find((a) => d.arrivedOn.includes(a.number));
  if (!attempt) return null;
  const proofs = attempt.reports.filter((r) => provesArrival(r.report));
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

/** Taken by a provider that tells nothing more. */
const isRelayed = ({ answer }: Attempt): boolean => answer?.kind === 'accepted' && !answer.tracked;

export type Ending = 'cured' | 'arrived' | 'saved' | 'lost' | 'open';

/** What became of a delivery that failed at least once: cured by a retry through Mailgun, saved by the fallback, … */
function failureCounts({ recipient, delivery: d }: Counted): Count[] {
  const failed = d.attempts.find((a) => a.failure);
  if (!failed) return [];
  const cause = causeOf(failed);
  const retries = d.attempts.filter((a) => a.number > failed.number && a.claim.role !== 'fallback');
  const ending = endingOf(d, failed);
  const where = `${recipientDomain(recipient)} ${cause}`;
  const counts = [
    one('cause', `${cause} ${ending} ${retries.length > 0 ? 'retried' : 'direct'}`),
    one('failing', where),
  ];
  if (retries.length > 0) counts.push(one('failing_retried', where));
  if (ending === 'cured' || ending === 'arrived') counts.push(one('failing_cured', where));
  if (ending === 'saved') counts.push(one('failing_saved', where));
  if (ending === 'lost') counts.push(one('failing_lost', where));
  const tried = retriesIn(d).map((r) => `${r.cause} ${r.attempt} ${r.sendingIp} ${r.result}`);
  const to = recipientDomain(recipient);
  return [...counts, ...tried.flatMap((value) => [one('retry', value), one('failing_retry', `${to} ${value}`)])];
}

function endingOf(d: Delivery, failed: Attempt): Ending {
  if (d.state === 'relayed') return 'saved';
  if (d.state === 'delivered') return (d.arrivedOn[0] ?? 0) > failed.number ? 'cured' : 'arrived';
  return isEnded(d.state) ? 'lost' : 'open';
}

/** One retry through Mailgun after a failure, by the cause of the failure right before it. */
export type Retried = {
  cause: string;
  attempt: number;
  /** Did it leave from another IP address than the one that failed? */
  sendingIp: 'same' | 'changed' | 'unknown';
  /** `refused`: Mailgun did not take it, so no receiving server saw it. */
  result: 'arrived' | 'failed' | 'refused' | 'open';
  /** When it was handed over. */
  at: Ms;
};

export function retriesIn(d: Delivery): Retried[] {
  return d.attempts.flatMap((retry) => {
    if (retry.claim.role === 'fallback') return [];
    const before = d.attempts.findLast((a) => a.number < retry.number && a.failure);
    if (!before) return [];
    const [from, to] = [ipOf(before), ipOf(retry)];
    const sendingIp = from === null || to === null ? 'unknown' : from === to ? 'same' : 'changed';
    return [
      {
        cause: causeOf(before),
        attempt: retry.number,
        sendingIp,
        result: resultOf(retry),
        at: retry.claim.at,
      } as const,
    ];
  });
}

function resultOf({ outcome }: Attempt): Retried['result'] {
  return outcome === 'arrived' || outcome === 'failed' || outcome === 'refused' ? outcome : 'open';
}

const causeOf = (a: Attempt): string => a.failure?.verdict?.cause ?? 'undetermined';
const ipOf = (a: Attempt): string | null => a.reports.findLast((r) => r.sendingIp !== null)?.sendingIp ?? null;

/** Recipients come from outside: what is no plain domain name is counted together. */
export function recipientDomain(recipient: string): string {
  const domain = domainOf(recipient.trim());
  return /^[^\s\p{Cc}]{1,253}$/u.test(domain) ? domain : '(none)';
}

/**
 * Upper bounds (inclusive) of the buckets in which times to delivery are counted: each at most 10 % above the one before,
 * and exact at the limits that summaries speak of. With the sum of the times kept beside the count, a figure read from a
 * bucket is its mean: exact when it holds one time, and never more than 10 % off.
 */
export const TIME_BOUNDS: readonly Ms[] = timeBounds([
  SECOND,
  10 * SECOND,
  30 * SECOND,
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  HOUR,
  4 * HOUR,
  24 * HOUR,
  96 * HOUR,
]);

function timeBounds(anchors: readonly Ms[]): Ms[] {
  const bounds = anchors.slice(0, 1);
  for (const [i, to] of anchors.slice(1).entries()) {
    const from = anchors[i] ?? 1;
    const steps = Math.ceil(Math.log(to / from) / Math.log(1.1));
    for (let n = 1; n <= steps; n++) bounds.push(n === steps ? to : Math.round(from * (to / from) ** (n / steps)));
  }
  return bounds;
}

/** The bucket of a time; the last one has no upper bound. */
export function timeBucket(took: Ms): number {
  let [low, high] = [0, TIME_BOUNDS.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (took <= (TIME_BOUNDS[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A count with where it belongs. */
export type Entry = Count & { bucket: Ms; domain: string; class: MessageClass };

export const entriesOf = (c: Counted): Entry[] =>
  countsOf(c).map((count) => ({ ...count, bucket: quarterOf(c.createdAt), domain: c.domain, class: c.class }));

export const keyOf = (e: Omit<Entry, 'n' | 'ms'>): string =>
  `${e.bucket}\n${e.domain}\n${e.class}\n${e.what}\n${e.value}`;

/** Adds up entries with the same key; those that come to nothing are left out. `sign` -1 takes them away. */
export function sumEntries(parts: readonly { sign: 1 | -1; entries: readonly Entry[] }[]): Entry[] {
  const sums = new Map<string, Entry>();
  for (const { sign, entries } of parts) {
    for (const e of entries) {
      const key = keyOf(e);
      const sum = sums.get(key);
      if (!sum) sums.set(key, { ...e, n: sign * e.n, ms: sign * e.ms });
      else {
        sum.n += sign * e.n;
        sum.ms += sign * e.ms;
      }
    }
  }
  return [...sums.values()].filter((e) => e.n !== 0 || e.ms !== 0);
}
