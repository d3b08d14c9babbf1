// A database from a backup knows nothing of what happened since it was made: what waits in it may have gone out.
import type { Candidate } from './capabilities.ts';
import { type Attempt, type Delivery, type Fact, type FactOf, isEnded } from './delivery.ts';
import type { Ms } from './time.ts';

type Known = { facts: readonly Fact[]; delivery: Delivery; birth: { createdAt: Ms } };

/** How the keys of the notes begin that say so. */
export const RESTORED = 'noted:restored:';

/**
 * What a delivery is told when its database comes from a backup. The provider is asked before it is sent again. `home`: to
 * whom it would have gone first.
 */
export function restoredFacts({ delivery, birth }: Known, home: Candidate | null, now: Ms): Fact[] {
  if (isEnded(delivery.state)) return [];
  const isUnsent = delivery.attempts.length === 0;
  const since = 'the database comes from a backup, and it may have gone out since that was made';
  const why = home?.can.lookUp === false ? `${since}: ${home.name} can not be asked` : since;
  const left = isUnsent && home ? mayHaveLeft({ from: birth.createdAt, lostAt: now, provider: home.name, why }) : [];
  const attempt = left.length > 0 ? 1 : delivery.attempt;
  const what = 'the database comes from a backup: what happened to the mail since that was made is not known';
  return [...left, { key: `${RESTORED}${now}`, at: now, kind: 'noted', attempt, what }];
}

/** The first attempt of a delivery of which a provider tells, and which we know as not sent yet. */
export function unseenFacts({ delivery, birth }: Known, provider: string, now: Ms): Fact[] {
  if (delivery.attempts.length > 0) return [];
  const why = 'the provider tells of it, and this database does not know that it was sent: does it come from a backup?';
  return mayHaveLeft({ from: birth.createdAt, lostAt: now, provider, why });
}

function mayHaveLeft(left: { from: Ms; lostAt: Ms; provider: string; why: string }): Fact[] {
  const { from, lostAt, provider, why } = left;
  const how = { provider, role: 'first', way: 'whole', leaseUntil: from, lease: null } as const;
  const claim = { kind: 'claimed', attempt: 1, ...how, since: null, deliverAt: null, double: null } as const;
  return [
    { key: 'claimed:1', at: from, ...claim },
    { key: 'unanswered:1', at: lostAt, kind: 'unanswered', attempt: 1, detail: why },
  ];
}

/** When that was said the last time; null where it never was. */
export const restoredAt = (facts: readonly Fact[]): Ms | null => noteIn(facts)?.at ?? null;

const noteIn = (facts: readonly Fact[]): FactOf<'noted'> | undefined =>
  facts.findLast((f): f is FactOf<'noted'> => f.kind === 'noted' && f.key.startsWith(RESTORED));

/** Why a further attempt may be a double, if what calls for it is from before the restoring. */
export function restoredDouble({ facts, delivery }: Pick<Known, 'facts' | 'delivery'>): string | null {
  const note = noteIn(facts);
  const last = delivery.attempts.at(-1);
  const since = last?.failure?.at ?? last?.claim.at ?? 0;
  if (!note || note.at <= since || (last && isKnownUnsent(last, note.at))) return null;
  return note.what;
}

/** Whether records that are final do not know the hand-over that was presumed at that moment. */
const isKnownUnsent = ({ unanswered, asked }: Attempt, at: Ms): boolean =>
  unanswered?.at === at && asked?.problem === null && asked.settled && !asked.known;
