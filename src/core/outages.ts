import type { Health, HealthChange } from './health.ts';
import type { MessageClass } from './message-class.ts';
import type { Ms } from './time.ts';

/** The time in which a provider was down, or came back. */
export type Outage = {
  /** That of the change with which it began. */
  id: string;
  provider: string;
  /** How the provider is by the last of its changes. */
  state: Health;
  startedAt: Ms;
  /** Null while it lasts. */
  endedAt: Ms | null;
  /** From the one that began it to the one that ended it. */
  changes: readonly [HealthChange, ...HealthChange[]];
};

/** Mail of one class that another provider was given. */
export type Moved = { provider: string; class: MessageClass; n: number };

/** What an outage did to the mail. */
export type Toll = {
  /** Deliveries that left by another provider while it lasted. */
  moved: Moved[];
  /** Deliveries that wait for it now. */
  held: number;
  /** Deliveries whose useful life ended while it lasted. */
  expired: number;
  /** Attempts made while it lasted that may have been a second copy. */
  doubles: number;
  /** How long it took after the end until nothing waited any more that was made before; null where that is not known yet. */
  drain: Ms | null;
  /** How long that was expected to take, when the first of it had left; null where nobody said so. */
  expected: Ms | null;
};

/** How long a backlog takes in all, when so much of it has left after some time; null when that tells nothing. */
export const expectedFrom = ({ waiting, left, after }: { waiting: number; left: number; after: Ms }): Ms | null =>
  left > 0 && left < waiting ? Math.round((after * waiting) / left) : null;

/** The outages that these changes tell of, in the order in which they began. */
export function outagesFrom(changes: readonly HealthChange[]): Outage[] {
  const outages = new Map<string, Outage>();
  const open = new Map<string, Outage>();
  for (const change of changes) {
    const outage = continued(open.get(change.provider), change);
    if (!outage) continue;
    outages.set(outage.id, outage);
    if (outage.endedAt === null) open.set(change.provider, outage);
    else open.delete(change.provider);
  }
  return [...outages.values()];
}

/** The outage with one more change; null when there is none that it belongs to. */
function continued(outage: Outage | undefined, change: HealthChange): Outage | null {
  const { id, provider, after: state, at } = change;
  if (outage)
    return { ...outage, state, endedAt: state === 'healthy' ? at : null, changes: [...outage.changes, change] };
  return state === 'down' ? { id, provider, state, startedAt: at, endedAt: null, changes: [change] } : null;
}

/** How long it lasted, or has lasted until now. */
export const lengthOf = ({ startedAt, endedAt }: Outage, now: Ms): Ms => Math.max(0, (endedAt ?? now) - startedAt);

/** A claim as it was written, as far as it tells who was given what. */
export type Claim = { delivery: string; class: MessageClass; provider: string; role: string; double: string | null };

/** Who was given what in place of a provider: each delivery counts once, for whom it was given to last. */
export function movedFrom(provider: string, claims: readonly Claim[]): Moved[] {
  const last = new Map(
    claims.filter((one) => one.role === 'fallback' && one.provider !== provider).map((one) => [one.delivery, one]),
  );
  const sums = new Map<string, Moved>();
  for (const one of last.values()) {
    const key = `${one.provider} ${one.class}`;
    sums.set(key, { provider: one.provider, class: one.class, n: (sums.get(key)?.n ?? 0) + 1 });
  }
  return [...sums.values()].sort((a, b) => b.n - a.n);
}
