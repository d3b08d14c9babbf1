import { createHash } from 'node:crypto';
import { type Classes, classRuleFor, type PolicyChange, type Traits } from './classes.ts';
import { CLASSES, DEFAULT_CLASS, isClass, type MessageClass } from './message-class.ts';
import type { Ms } from './time.ts';

/**
 * How one delivery is retried. It is stored with the message: a delivery lives by the policy it was born with, whatever
 * is configured later.
 */
export type Policy = {
  /** How long the message is worth delivering, from its creation. */
  usefulLife: Ms;
  /** Attempts through Mailgun, the first send included. */
  maxAttempts: number;
  waits: Waits;
  /** Each wait is spread by up to this share either way, so that retries do not arrive in a herd. */
  spread: number;
  /** May the wait be handed to Mailgun? It can't be taken back from there. */
  mayHandOverWait: boolean;
  fallback: boolean;
  /** Fall back at the latest when this much time has gone by without success; null: no such limit. */
  fallbackAfter: Ms | null;
  /** Accepted and nothing heard for this long: ask. */
  silenceAfter: Ms;
  /**
   * After this long an unconfirmed hand-over is repeated: for this class a possible double is better than no mail.
   * Null: it is never repeated.
   */
  patience: Ms | null;
  /** A second copy goes out only when the provider was asked for the first and knows nothing of it. */
  atMostOnce?: boolean;
  /**
   * A hand-over without an answer is repeated through another provider, as a possible double, when its own is down and can't
   * be asked for longer than mail of this class waits in an outage.
   */
  doubleInOutage?: boolean;
  /** Only watched: reported as it is, never sent by us. */
  watch: boolean;
  /** What a delivery becomes when there is nothing left to try. */
  atEnd: 'abandoned' | 'expired';
  /** Are the administrators told of each delivery that was not delivered by Mailgun? */
  alert: boolean;
  /** The operator's own class that it comes from. */
  named?: string;
};

/** The wait after the n-th attempt: `base ** n` units (4, 16, 64, 256 minutes), or one of a list, the last repeating. */
export type Waits = { kind: 'exponential'; base: number; unit: Ms } | { kind: 'list'; waits: readonly Ms[] };

export type PolicySettings = {
  base: number;
  unit: Ms;
  spread: number;
  maxAttempts: number;
  usefulLife: Record<MessageClass, Ms>;
  accessWaits: readonly Ms[];
  accessAttempts: number;
  accessFallbackAfter: Ms;
  /** May a second copy of a code or a link go out when nobody can be asked for the first? */
  accessDuplicates?: boolean;
  bulkFallback: boolean;
  silenceAfter: Ms;
  /** The operator's own rules and changes. */
  classes?: Classes;
};

export function policyFor(kind: MessageClass, s: PolicySettings): Policy {
  return changed(usualFor(kind, s), s.classes?.policies[kind] ?? {});
}

/** A class, and the policy that mail of it gets. */
export type Treatment = { class: MessageClass; policy: Policy };

/** By the name that the sender gives; without one by the first rule that fits. Null when there is no class of this name. */
export function treatmentOf(said: string | null, traits: Traits, s: PolicySettings): Treatment | null {
  return treatmentAs(said ?? classRuleFor(s.classes?.rules ?? [], traits)?.class ?? DEFAULT_CLASS, s);
}

function treatmentAs(name: string, s: PolicySettings): Treatment | null {
  if (isClass(name)) return { class: name, policy: policyFor(name, s) };
  const own = ownIn(s)[name];
  return own ? { class: own.like, policy: { ...changed(policyFor(own.like, s), own), named: name } } : null;
}

/** Where nothing else is known. */
export const usualTreatment = (s: PolicySettings): Treatment => ({
  class: DEFAULT_CLASS,
  policy: policyFor(DEFAULT_CLASS, s),
});

/** The names that a sender may give. */
export const classNames = (s: PolicySettings): string[] => [...CLASSES, ...Object.keys(ownIn(s))];

const ownIn = ({ classes }: PolicySettings): NonNullable<Classes['own']> =>
  Object.assign(Object.create(null) as object, classes?.own);

function changed(policy: Policy, change: PolicyChange): Policy {
  const { life, attempts, waits, fallback, fallbackAfter, alert } = change;
  return {
    ...policy,
    usefulLife: life ?? policy.usefulLife,
    maxAttempts: attempts ?? policy.maxAttempts,
    waits: waits ? { kind: 'list', waits } : policy.waits,
    fallback: fallback ?? policy.fallback,
    fallbackAfter: fallbackAfter ?? policy.fallbackAfter,
    silenceAfter: life === undefined ? policy.silenceAfter : Math.min(policy.silenceAfter, life),
    alert: alert ?? policy.alert,
  };
}

function usualFor(kind: MessageClass, s: PolicySettings): Policy {
  const common = {
    usefulLife: s.usefulLife[kind],
    maxAttempts: s.maxAttempts,
    waits: { kind: 'exponential', base: s.base, unit: s.unit } as const,
    spread: s.spread,
    mayHandOverWait: true,
    fallback: true,
    fallbackAfter: null,
    silenceAfter: s.silenceAfter,
    patience: null,
    watch: false,
    atEnd: 'abandoned' as const,
    alert: true,
  };
  switch (kind) {
    case 'notice':
      return { ...common, doubleInOutage: true };
    case 'bulk':
      return { ...common, fallback: s.bulkFallback, alert: false };
    case 'access':
      return {
        ...common,
        maxAttempts: s.accessAttempts,
        waits: { kind: 'list', waits: s.accessWaits },
        mayHandOverWait: false,
        fallbackAfter: s.accessFallbackAfter,
        // If nothing was heard of a reset link when its life ends, it is too late for it in any case.
        silenceAfter: Math.min(s.silenceAfter, s.usefulLife.access),
        patience: s.accessFallbackAfter,
        atMostOnce: s.accessDuplicates !== true,
        atEnd: 'expired',
      };
  }
}

/** For a message that only the provider it goes to first may have. */
export const neverElsewhere = (policy: Policy): Policy => ({ ...policy, fallback: false });

/** For a message that says itself how long it is worth delivering: nothing of it may take longer than that. */
export const livingFor = (life: Ms, policy: Policy): Policy => ({
  ...policy,
  usefulLife: life,
  fallbackAfter: policy.fallbackAfter === null ? null : Math.min(policy.fallbackAfter, life / 2),
  silenceAfter: Math.min(policy.silenceAfter, life),
  patience: policy.patience === null ? null : Math.min(policy.patience, life / 2),
});

export const watchOnly = (policy: Policy): Policy => ({ ...policy, watch: true, fallback: false, alert: false });

export function plainWait(attempt: number, waits: Waits): Ms {
  if (waits.kind === 'exponential') return waits.base ** attempt * waits.unit;
  return waits.waits[Math.min(attempt, waits.waits.length) - 1] ?? 0;
}

/**
 * The wait after attempt number `attempt` failed. The spread is drawn from the delivery's id and not from a random
 * source: folding twice gives the same time.
 */
export function waitAfter(deliveryId: string, attempt: number, policy: Policy): Ms {
  const plain = plainWait(attempt, policy.waits);
  if (policy.spread === 0) return plain;
  const draw = createHash('sha256').update(`${deliveryId}:${attempt}`).digest().readUInt32BE(0) / 0xffff_ffff;
  return Math.round(plain * (1 + policy.spread * (2 * draw - 1)));
}

/** Until when a message is worth delivering. */
export const usefulUntil = (born: { createdAt: Ms; deliverAt?: Ms | null; policy: Pick<Policy, 'usefulLife'> }): Ms =>
  Math.max(born.createdAt, born.deliverAt ?? 0) + born.policy.usefulLife;
