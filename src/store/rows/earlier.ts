import type { Fact, Role, Way } from '../../core/delivery.ts';

/** A fact as it is stored: version 0.1.0 had one word for what an attempt is for and how it leaves, and no provider of a report. */
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
export function presentFacts(stored: readonly StoredFact[]): Fact[] {
  return stored.map((fact) => {
    if (fact.kind === 'reported') return { provider: 'mailgun', ...fact } as unknown as Fact;
    const { via, passedOver, ...rest } = fact;
    if (fact.kind !== 'claimed' || fact.route === undefined) return rest as unknown as Fact;
    const { route, ...claim } = rest;
    const [role, way] = ROUTES[String(route)] ?? ['retry', 'whole'];
    const provider = role === 'fallback' ? relayOf(stored, fact.attempt) : claim['provider'];
    return { ...claim, provider, role, way } as unknown as Fact;
  });
}

/** The secondary that answered an attempt; unknown where none did. */
const relayOf = (stored: readonly StoredFact[], attempt: number | undefined): string =>
  stored.find((f) => f.attempt === attempt && typeof f.via === 'string')?.via ?? 'secondary';
