import type { MessageClass } from '../message-class.ts';
import { tagsKept } from '../tags.ts';
import { MINUTE, type Ms } from '../time.ts';
import { type Compared, usualOf } from './flatline.ts';
import { type Reading, type Scope, type Standing, scopeKey } from './judge.ts';
import type { Rule, SentKind } from './rule.ts';

/** What is sent is counted by the quarter of an hour. */
export const SENT_BUCKET: Ms = 15 * MINUTE;

/** How much of a kind of mail was asked for. */
export type Sent = { domain: string; kind: SentKind; name: string; n: number };

type Asked = { domain: string; class: MessageClass; tags: string | null; template: string | null };

/** What a message is counted as. */
export const sentNames = ({ domain, class: kind, tags, template }: Asked): Omit<Sent, 'n'>[] => [
  { domain, kind: 'class', name: kind },
  ...[...new Set(tagsKept(tags))].filter(isRecurring).map((name) => ({ domain, kind: 'tag' as const, name })),
  ...(template !== null && isRecurring(template) ? [{ domain, kind: 'template' as const, name: template }] : []),
];

/** A number of an order, a date, an id or an address in a name: nobody sends the same again next week. */
const isRecurring = (name: string): boolean => !/@|\d{4}|[0-9a-f]{8}-|[0-9a-f]{16}/i.test(name);

/** What was sent at one time, and at the same time of earlier days and weeks; null from before anything was counted. */
export type SentThen = {
  now: readonly Sent[];
  days: readonly (readonly Sent[] | null)[];
  weeks: readonly (readonly Sent[] | null)[];
};

/** Reads what was sent at all of these times. */
export async function sentThen(
  { now, days, weeks }: Compared,
  countedSince: Ms | null,
  read: (span: { from: Ms; to: Ms }) => Promise<readonly Sent[]>,
): Promise<SentThen> {
  const known = (span: { from: Ms; to: Ms }) =>
    countedSince === null || span.from < countedSince ? Promise.resolve(null) : read(span);
  return {
    now: await read(now),
    days: await Promise.all(days.map(known)),
    weeks: await Promise.all(weeks.map(known)),
  };
}

/**
 * What usually is sent at this time, and how much of it was. What rings is read as long as it does, by what was usual when
 * it began.
 */
export function readFlatline(rule: Rule, sent: SentThen, ringing: ReadonlyMap<string, Standing>): Reading[] {
  const counts = (list: readonly Sent[] | null) => (list === null ? null : countsOf(rule, list));
  const now = countsOf(rule, sent.now);
  const days = sent.days.map(counts);
  const weeks = sent.weeks.map(counts);
  const scopes = new Map(
    [now, ...days, ...weeks].flatMap((some) => [...(some ?? [])]).map(([key, one]) => [key, one.scope]),
  );
  for (const key of ringing.keys()) if (!scopes.has(key)) scopes.set(key, scopeIn(key));
  return [...scopes].flatMap(([key, scope]): Reading[] => {
    const at = (some: Counts | null) => (some === null ? null : (some.get(key)?.n ?? 0));
    const bad = now.get(key)?.n ?? 0;
    const usual = usualOf({ days: days.map(at), weeks: weeks.map(at) }, rule.least);
    const of = usual ?? (bad > 0 ? (ringing.get(key)?.worst.of ?? null) : null);
    return of === null ? [] : [{ scope, of, bad, value: bad / of }];
  });
}

type Counts = ReadonlyMap<string, { scope: Scope; n: number }>;

function countsOf({ only, kinds }: Rule, list: readonly Sent[]): Counts {
  const counts = new Map<string, { scope: Scope; n: number }>();
  for (const { domain, kind, name, n } of list) {
    if (!kinds.includes(kind) || (only.domain !== null && only.domain !== domain)) continue;
    if (only.class !== null && (kind !== 'class' || name !== only.class)) continue;
    const scope = { domain, class: kind === 'class' ? name : '', about: kind === 'class' ? '' : `${kind} ${name}` };
    const key = scopeKey(scope);
    counts.set(key, { scope, n: (counts.get(key)?.n ?? 0) + n });
  }
  return counts;
}

function scopeIn(key: string): Scope {
  const [domain = '', kind = '', about = ''] = key.split('\n');
  return { domain, class: kind, about };
}
