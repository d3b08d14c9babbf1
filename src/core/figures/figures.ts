import { isEnded, STATES, type State } from '../delivery.ts';
import { groupBy } from '../group.ts';
import type { MessageClass } from '../message-class.ts';
import { type Reason, readEnd } from '../reason.ts';
import type { Ms } from '../time.ts';
import { UNPROVEN, type Unproven } from './copies.ts';
import type { Count, Ending, What } from './counts.ts';
import type { Retried } from './retries.ts';
import type { Sum } from './sums.ts';
import { type Histogram, merged, type Times, timesOf } from './times.ts';

/** How a delivery ends that was to arrive and did not. What was cancelled was not to arrive any more. */
export const LOST_STATES = ['failed', 'abandoned', 'expired'] as const satisfies readonly State[];

export type Cure = {
  cause: string;
  /** Deliveries that failed first by this cause; the other figures are parts of it. */
  failed: number;
  retried: number;
  /** Arrived by a retry through Mailgun. */
  cured: number;
  /** Arrived by the attempt that had been told of as failed. */
  arrivedAfterAll: number;
  saved: number;
  lost: number;
  cancelled: number;
  open: number;
};

/** Retries that went alike, and how many they are. */
export type Retry = Omit<Retried, 'at'> & { n: number };

export type Figures = {
  messages: number;
  deliveries: number;
  states: Record<State, number>;
  arrived: number;
  firstTry: number;
  /** By the attempt that arrived. */
  afterRetry: { attempt: number; n: number }[];
  byFallback: number;
  /** In one of `LOST_STATES`. */
  lost: number;
  open: number;
  /** Every end that is no arrival, with its reason; most frequent first. */
  ends: { state: State; reason: Reason; n: number }[];
  doubles: { certain: number; possible: number };
  /** Second copies without proof that the first was lost, by why they went out. */
  copies: { why: Unproven; n: number }[];
  times: Histogram;
  found: { webhook: number; poll: number; lookup: number };
  cures: Cure[];
  retries: Retry[];
};

export type Group = { domain: string; class: MessageClass; figures: Figures };

const CLASS_ORDER: Record<MessageClass, number> = { access: 0, notice: 1, bulk: 2 };

/** The figures of each domain and class that has deliveries, in order. */
export function groupsOf(sums: readonly Sum[]): Group[] {
  return [...groupBy(sums, (s) => `${s.domain}\n${s.class}`).values()]
    .map((mine) => ({ domain: mine[0].domain, class: mine[0].class, figures: figuresOf(mine) }))
    .filter((g) => g.figures.deliveries > 0)
    .sort((a, b) => compare(a.domain, b.domain) || CLASS_ORDER[a.class] - CLASS_ORDER[b.class]);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The times to delivery of one class, over all domains. */
export const timesOfClass = (groups: readonly Group[], kind: MessageClass): Times =>
  timesOf(merged(groups.filter((g) => g.class === kind).map((g) => g.figures.times)));

export function figuresOf(sums: readonly Count[]): Figures {
  const by = valuesOf(sums);
  const n = (what: What, value = ''): number => by(what).get(value)?.n ?? 0;
  const states = Object.fromEntries(STATES.map((state) => [state, n('state', state)])) as Record<State, number>;
  const of = (some: readonly State[]): number => some.reduce((sum, state) => sum + states[state], 0);
  return {
    messages: n('messages'),
    deliveries: n('deliveries'),
    states,
    arrived: of(['delivered', 'relayed']),
    firstTry: n('outcome', 'first_try'),
    afterRetry: afterRetryOf(by('outcome')),
    byFallback: n('outcome', 'fallback'),
    lost: of(LOST_STATES),
    open: of(STATES.filter((state) => !isEnded(state))),
    ends: endsOf(by('reason')),
    doubles: { certain: n('double', 'certain'), possible: n('double', 'possible') },
    copies: UNPROVEN.map((why) => ({ why, n: n('copy', why) })),
    times: new Map([...by('time')].map(([bucket, sum]) => [Number(bucket), sum])),
    found: { webhook: n('found', 'webhook'), poll: n('found', 'poll'), lookup: n('found', 'lookup') },
    cures: curesOf(by('cause')),
    retries: retriesOf(by('retry')),
  };
}

type Values = ReadonlyMap<string, { n: number; ms: Ms }>;

function valuesOf(sums: readonly Count[]): (what: What) => Values {
  const by = new Map<What, Map<string, { n: number; ms: Ms }>>();
  for (const { what, value, n, ms } of sums) {
    const values = by.get(what) ?? new Map<string, { n: number; ms: Ms }>();
    const sum = values.get(value);
    values.set(value, { n: (sum?.n ?? 0) + n, ms: (sum?.ms ?? 0) + ms });
    by.set(what, values);
  }
  return (what) => by.get(what) ?? new Map();
}

const afterRetryOf = (outcomes: Values): Figures['afterRetry'] =>
  [...outcomes]
    .flatMap(([value, { n }]) => (value.startsWith('retry_') ? [{ attempt: Number(value.slice(6)), n }] : []))
    .sort((a, b) => a.attempt - b.attempt);

/** Earlier versions kept the words of whoever cancelled; these sums are added to those by reason. */
function endsOf(values: Values): Figures['ends'] {
  const by = new Map<string, Figures['ends'][number]>();
  for (const [value, { n }] of values) {
    const [state = '', ...stored] = value.split(' ');
    const { reason } = readEnd(state, stored.join(' '));
    const end = by.get(`${state} ${reason}`) ?? { state: state as State, reason, n: 0 };
    by.set(`${state} ${reason}`, { ...end, n: end.n + n });
  }
  return [...by.values()]
    .filter((e) => e.n > 0)
    .sort((a, b) => b.n - a.n || compare(a.reason, b.reason) || compare(a.state, b.state));
}

function curesOf(values: Values): Cure[] {
  const by = new Map<string, Cure>();
  for (const [value, { n }] of values) {
    const [cause = '', ending = '', retried = ''] = value.split(' ');
    const cure = by.get(cause) ?? emptyCure(cause);
    cure.failed += n;
    if (retried === 'retried') cure.retried += n;
    cure[PART[ending as Ending]] += n;
    by.set(cause, cure);
  }
  return [...by.values()]
    .filter((c) => c.failed > 0)
    .sort((a, b) => b.failed - a.failed || (a.cause < b.cause ? -1 : 1));
}

/** Where a cause counts each ending. */
const PART = {
  cured: 'cured',
  arrived: 'arrivedAfterAll',
  saved: 'saved',
  lost: 'lost',
  cancelled: 'cancelled',
  open: 'open',
} as const satisfies Record<Ending, keyof Cure>;

const emptyCure = (cause: string): Cure => ({
  ...{ cause, failed: 0, retried: 0, cured: 0 },
  ...{ arrivedAfterAll: 0, saved: 0, lost: 0, cancelled: 0, open: 0 },
});

/** Largest first. */
export const retriesOf = (values: Iterable<readonly [string, { n: number }]>): Retry[] =>
  [...values]
    .filter(([, { n }]) => n > 0)
    .sort(([a, { n }], [b, { n: other }]) => other - n || compare(a, b))
    .map(([value, { n }]) => {
      const [cause = '', attempt = '', ip = '', result = ''] = value.split(' ');
      return {
        cause,
        attempt: Number(attempt),
        sendingIp: ip as Retry['sendingIp'],
        result: result as Retry['result'],
        n,
      };
    });
