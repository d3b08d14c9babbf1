import type { Fact, Role, Way } from '../../core/delivery.ts';
import { readEnd, readWait } from '../../core/reason.ts';

/**
 * A fact as it is stored. Version 0.1.0 had one word for the role and the way of an attempt, no provider in a report,
 * and free text where a reason is now.
 */
export type StoredFact = { kind: string; attempt?: number; route?: string; via?: string | null } & Record<
  string,
  unknown
>;

const ROUTES: Readonly<Record<string, readonly [Role, Way]>> = {
  application: ['first', 'application'],
  send: ['first', 'whole'],
  repost: ['retry', 'stored'],
  mime: ['retry', 'whole'],
  secondary: ['fallback', 'whole'],
};

/** The facts of one delivery in today's form, whichever version wrote them. */
export const presentFacts = (stored: readonly StoredFact[]): Fact[] =>
  stored.map((fact) => presentFact(fact, stored) as unknown as Fact);

function presentFact(fact: StoredFact, all: readonly StoredFact[]): Record<string, unknown> {
  const { via, passedOver, ...rest } = fact;
  switch (fact.kind) {
    case 'claimed':
      return fact.route === undefined ? rest : presentClaim(rest, all);
    case 'reported':
      return { provider: 'mailgun', ...rest };
    case 'ended':
      return { ...rest, ...readEnd(String(rest['state']), String(rest['reason'])) };
    case 'held':
      return { ...rest, ...readWait(String(rest['why'])) };
    default:
      return rest;
  }
}

function presentClaim({ route, ...claim }: StoredFact, all: readonly StoredFact[]): Record<string, unknown> {
  const [role, way] = ROUTES[String(route)] ?? ['retry', 'whole'];
  return { ...claim, provider: role === 'fallback' ? relayOf(all, claim.attempt) : claim['provider'], role, way };
}

/** The secondary that answered an attempt; unknown when none did. */
const relayOf = (stored: readonly StoredFact[], attempt: number | undefined): string =>
  stored.find((f) => f.attempt === attempt && typeof f.via === 'string')?.via ?? 'secondary';
