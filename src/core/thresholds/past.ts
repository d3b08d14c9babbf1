// The past, as it looked at each moment of it.
import { isEnded, type State } from '../delivery.ts';
import { HOUR, MINUTE, type Ms } from '../time.ts';
import { type Scope, scopeKey } from './judge.ts';
import { type Party, type Recent, type SignSum, scopeOf, type Waiting } from './measured.ts';
import type { Rule } from './rule.ts';
import { SENT_BUCKET, type Sent } from './sent.ts';
import { hasArrived, isJudged, SIGNS, type Signs } from './signs.ts';

/** How a delivery stood from a moment on, and what its change told. */
export type Moment = { at: Ms; state: State; nextAt: Ms | null; signs: Signs | null };

/** The life of a delivery, its moments in order. */
export type Lived = Party & { madeAt: Ms; wantedAt: Ms; moments: readonly Moment[] };

export type Past = {
  add(lived: Lived): void;
  ask(at: Ms, names: readonly Omit<Sent, 'n'>[]): void;
  /** Goes on to a moment: nothing of what was written after it is seen. */
  goTo(now: Ms): void;
  signs(rule: Rule): SignSum[];
  recent(made: { class: Party['class']; from: Ms; to: Ms }): Recent[];
  waiting(): Waiting[];
  sent(span: { from: Ms; to: Ms }): Sent[];
};

export const FINE: Ms = 5 * MINUTE;
/** Longer windows are read by the hour, as those of the present are. */
const FINE_FOR: Ms = 6 * HOUR;

type Named = { party: Party; signs: Record<string, number> };
type Bucket = Map<string, Named>;
type Buckets = Map<Ms, Bucket>;
/** Buckets of a length, with recipient domains and without. */
type Spanned = { span: Ms; apart: Buckets; together: Buckets };
const spanned = (span: Ms): Spanned => ({ span, apart: new Map(), together: new Map() });
const NONE: Bucket = new Map();

/** Mail is looked at by itself as long as it is open, and for `lately` after it was made. */
export function createPast(start: Ms, lately: Ms): Past {
  const future: Buckets = new Map();
  const [fine, hours] = [spanned(FINE), spanned(HOUR)];
  let sums = new Map<string, Sent[]>();
  const asked = new Map<Ms, Map<string, Sent>>();
  let lives: Lived[] = [];
  let now = start;
  const isOver = ({ madeAt, moments }: Lived) =>
    madeAt < now - lately && isEnded(stateAt(moments, now)?.state ?? 'queued');
  const count = (at: Ms, party: Party, signs: Signs) => {
    for (const { span, apart, together } of [fine, hours]) {
      addTo(bucketIn(apart, at - (at % span)), party, signs);
      addTo(bucketIn(together, at - (at % span)), { ...party, receiver: '' }, signs);
    }
  };
  return {
    add(lived) {
      if (!isOver(lived)) lives.push(lived);
      for (const { at, signs } of lived.moments) {
        if (signs === null) continue;
        if (at < now) count(at, lived, signs);
        else addTo(bucketIn(future, at - (at % FINE)), lived, signs);
      }
    },
    ask(at, names) {
      const bucket = at - (at % SENT_BUCKET);
      const counts = asked.get(bucket) ?? new Map<string, Sent>();
      asked.set(bucket, counts);
      for (const one of names) {
        const key = `${one.domain}\n${one.kind}\n${one.name}`;
        counts.set(key, { ...one, n: (counts.get(key)?.n ?? 0) + 1 });
      }
    },
    goTo(moment) {
      // The sums of a quarter of an hour are asked for as long as it is the last one.
      if (moment % SENT_BUCKET === 0 || moment - now > FINE) sums = new Map();
      now = moment;
      for (const [at, bucket] of future) {
        if (at >= now) continue;
        future.delete(at);
        for (const { party, signs } of bucket.values()) count(at, party, signs);
      }
      if (now % HOUR !== 0) return;
      lives = lives.filter((one) => !isOver(one));
      for (const buckets of [fine.apart, fine.together])
        for (const at of buckets.keys()) if (at < now - FINE_FOR - HOUR) buckets.delete(at);
    },
    signs(rule) {
      const { span, apart, together } = rule.window > FINE_FOR ? hours : fine;
      const buckets = rule.per.includes('receiver') || rule.only.receiver !== null ? apart : together;
      const within: Bucket[] = [];
      for (let at = Math.ceil((now - rule.window) / span) * span; at < now; at += span)
        within.push(buckets.get(at) ?? NONE);
      return sumsIn(within, rule);
    },
    recent: ({ class: name, from, to }) =>
      lives.flatMap((one): Recent[] => {
        if (one.class !== name || one.madeAt < from || one.madeAt >= to) return [];
        const stands = stateAt(one.moments, now);
        if (stands === null || !isJudged(stands.state)) return [];
        const { domain, receiver, wantedAt } = one;
        return [{ domain, class: name, receiver, wantedAt, arrivedAt: arrivalAt(one.moments, now) }];
      }),
    waiting: () =>
      lives.flatMap(({ domain, class: name, receiver, moments }): Waiting[] => {
        const stands = stateAt(moments, now);
        const waits = stands?.state === 'queued' && (stands.nextAt ?? 0) <= now;
        return waits ? [{ domain, class: name, receiver, n: 1 }] : [];
      }),
    sent({ from, to }) {
      const key = `${from} ${to}`;
      const known = sums.get(key) ?? sentIn(asked, { from, to });
      sums.set(key, known);
      return known;
    },
  };
}

function sentIn(asked: ReadonlyMap<Ms, ReadonlyMap<string, Sent>>, { from, to }: { from: Ms; to: Ms }): Sent[] {
  const sums = new Map<string, Sent>();
  for (let at = from; at < to; at += SENT_BUCKET)
    for (const [key, one] of asked.get(at) ?? []) {
      const known = sums.get(key);
      if (known) known.n += one.n;
      else sums.set(key, { ...one });
    }
  return [...sums.values()];
}

function bucketIn(buckets: Buckets, at: Ms): Bucket {
  const bucket = buckets.get(at) ?? new Map<string, Named>();
  buckets.set(at, bucket);
  return bucket;
}

function addTo(bucket: Bucket, { domain, class: name, receiver }: Party, signs: Signs): void {
  const key = `${domain}\n${name}\n${receiver}`;
  const known = bucket.get(key) ?? { party: { domain, class: name, receiver }, signs: {} };
  for (const sign of SIGNS) known.signs[sign] = (known.signs[sign] ?? 0) + (signs[sign] ?? 0);
  bucket.set(key, known);
}

function sumsIn(buckets: readonly Bucket[], rule: Rule): SignSum[] {
  const sums = new Map<string, { scope: Scope; signs: Record<string, number> }>();
  for (const bucket of buckets)
    for (const { party, signs } of bucket.values()) {
      const scope = scopeOf(rule, party);
      if (scope === null) continue;
      const sum = sums.get(scopeKey(scope)) ?? { scope, signs: {} };
      for (const sign of SIGNS) sum.signs[sign] = (sum.signs[sign] ?? 0) + (signs[sign] ?? 0);
      sums.set(scopeKey(scope), sum);
    }
  return [...sums.values()];
}

const stateAt = (moments: readonly Moment[], now: Ms): Moment | null => moments.findLast(({ at }) => at <= now) ?? null;

/** When it arrived, as far as was known then. */
function arrivalAt(moments: readonly Moment[], now: Ms): Ms | null {
  const known = moments.filter(({ at }) => at <= now);
  const last = known.at(-1);
  if (!last || !hasArrived(last.state)) return null;
  return (known[known.findLastIndex(({ state }) => !hasArrived(state)) + 1] ?? known[0])?.at ?? null;
}
