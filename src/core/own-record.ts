// The application's own record of a mail that was known from events alone.
import type { Fact, FactOf } from './delivery.ts';
import { type Policy, watchOnly } from './policy.ts';
import type { Ms } from './time.ts';

/** What is known of a delivery when the record comes. */
type Standing = { facts: readonly Fact[]; delivery: { state: string; attempt: number; round: number } };

/**
 * What a record adds to a delivery that it names. If the delivery had been ended by another policy than the record's, or
 * because nobody had recorded it, it is decided anew: whatever was left undone is done now. What somebody cancelled stays
 * so.
 */
export function namedFacts({ facts, delivery }: Standing, was: Policy, is: Policy, now: Ms): Fact[] {
  const { attempt, round, state } = delivery;
  const end = facts.find((f): f is FactOf<'ended'> => f.kind === 'ended' && f.round === round);
  const named = isUnnamed(facts) ? [noteOf(NAMED, attempt, 'the application named this recipient later', now)] : [];
  if (!end || end.state === 'cancelled' || state === 'delivered') return named;
  if (end.reason !== 'not_confirmed' && JSON.stringify(was) === JSON.stringify(is)) return named;
  const by = 'the record of the application came after the events';
  const anew = { attempt, round: round + 1, tries: 0, by, anew: true } as const;
  return [...named, { key: `reopened:${round + 1}`, at: now, kind: 'reopened', ...anew }];
}

/** What a record adds to a delivery of its message that it does not name: nothing is ever sent to that recipient. */
export const unnamedFacts = ({ delivery }: Standing, now: Ms): Fact[] => [
  noteOf(UNNAMED, delivery.attempt, "the application's own record does not name this recipient", now),
];

/** The policy of a delivery: nothing but watched where events alone speak of its recipient. */
export const policyOf = (message: Policy, facts: readonly Fact[]): Policy =>
  isUnnamed(facts) ? watchOnly(message) : message;

const UNNAMED = 'noted:unnamed';
const NAMED = 'noted:named';

export const isUnnamed = (facts: readonly Fact[]): boolean =>
  facts.some((f) => f.key === UNNAMED) && !facts.some((f) => f.key === NAMED);

const noteOf = (key: string, attempt: number, what: string, at: Ms): Fact => ({
  key,
  at,
  kind: 'noted',
  attempt,
  what,
});
