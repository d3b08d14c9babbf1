// What was promised, claimed and handed over, and whether it fits together.
import type { Ms } from '../../core/time.ts';

export type Claim = {
  delivery: string;
  attempt: number /** The lease under which it was made: its fence. */;
  lease: string;
  at: Ms;
};

export type History = {
  /** What an application was told is kept. */
  promised: readonly { message: string; at: Ms }[];
  /** What is kept. */
  kept: readonly { message: string; delivery: string; recipient: string; ended: boolean }[];
  claims: readonly Claim[];
  /** What a claim was settled by, or the next one is allowed by: an answer, a look at the records, a report. */
  facts: readonly { delivery: string; attempt: number | null; kind: string; at: Ms }[];
  /** What a provider saw of us, the application's own sending left out. */
  handovers: readonly { recipient: string; at: Ms }[];
};

/** Kinds of facts after which a mail may be handed over once more. */
const REASONS = new Set(['refused', 'asked', 'failed', 'rejected']);

/** Everything that does not fit together, in words; empty when all does. */
export function contradictions(history: History): string[] {
  const kept = new Set(history.kept.map(({ message }) => message));
  const lost = history.promised.filter(({ message }) => !kept.has(message));
  return [
    ...lost.map(({ message }) => `message ${message} was acknowledged and is lost`),
    ...history.kept.filter(({ ended }) => !ended).map(({ delivery }) => `delivery ${delivery} has not ended`),
    ...history.kept.flatMap((one) => ofDelivery(history, one.delivery, one.recipient)),
  ];
}

function ofDelivery(history: History, delivery: string, recipient: string): string[] {
  const claims = history.claims.filter((one) => one.delivery === delivery).sort((a, b) => a.attempt - b.attempt);
  const numbers = claims.map(({ attempt }) => attempt);
  const twice = numbers.filter((attempt, n) => numbers.indexOf(attempt) !== n);
  const leases = claims.map(({ lease }) => lease);
  const stale = leases.filter((lease, n) => leases.indexOf(lease) !== n);
  const handed = history.handovers.filter((one) => one.recipient === recipient).length;
  return [
    ...twice.map((attempt) => `attempt ${attempt} of delivery ${delivery} was claimed twice`),
    ...stale.map((lease) => `delivery ${delivery} was claimed twice under the lease ${lease}`),
    ...(handed > claims.length
      ? [`${recipient} was handed over ${handed} times, and claimed ${claims.length} times`]
      : []),
    ...claims.slice(1).flatMap((claim, n) => forNoReason(history, claims[n], claim)),
  ];
}

/** Between two claims something must be known about the first. */
function forNoReason({ facts }: History, before: Claim | undefined, claim: Claim): string[] {
  if (before === undefined) return [];
  const isReason = facts.some(
    ({ delivery, kind, at }) => delivery === claim.delivery && REASONS.has(kind) && at >= before.at && at <= claim.at,
  );
  return isReason ? [] : [`attempt ${claim.attempt} of delivery ${claim.delivery} was made for no reason`];
}
