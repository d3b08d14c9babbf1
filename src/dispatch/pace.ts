import { CLASSES, type MessageClass } from '../core/message-class.ts';
import { type Rate, type Reserve, reserveOf } from '../core/pace.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { paceLeft, spendPace } from '../store/notes/paces.ts';

/** What may leave now by the rates that the operator has set. */
export type Pace = {
  /** How much of each class may leave through a provider, in the order of the classes; undefined where there is no limit. */
  leftFor(provider: string): readonly number[] | undefined;
  /** Takes the place of one; false when there is none. */
  take(provider: string, kind: MessageClass): boolean;
  /** Notes for all daemons what was taken. */
  spend(now: Ms): Promise<void>;
};

type Bucket<R> = { rate: R; left: number; taken: number };
type Limit = Bucket<Rate> & { reserve: Bucket<Reserve> | null };

export async function paceNow(store: Store, rates: readonly Rate[], now: Ms): Promise<Pace> {
  const limits = rates.length > 0 ? await limitsNow(store, rates, now) : [];
  const limitsOf = (provider: string, kind: MessageClass) =>
    limits.filter(({ rate }) => rate.provider === provider && (rate.class ?? kind) === kind);
  const leftOf = (provider: string, kind: MessageClass) =>
    Math.max(0, Math.min(...limitsOf(provider, kind).map((limit) => leftIn(limit, kind))));
  return {
    leftFor: (provider) =>
      rates.some((rate) => rate.provider === provider) ? CLASSES.map((kind) => leftOf(provider, kind)) : undefined,
    take(provider, kind) {
      if (leftOf(provider, kind) < 1) return false;
      for (const limit of limitsOf(provider, kind)) takeFrom(limit, kind);
      return true;
    },
    spend: (at) => {
      const buckets = limits.flatMap((limit) => (limit.reserve ? [limit, limit.reserve] : [limit]));
      return spendPace(
        store,
        buckets.map(({ rate, taken }) => [rate, taken]),
        at,
      );
    },
  };
}

async function limitsNow(store: Store, rates: readonly Rate[], now: Ms): Promise<Limit[]> {
  const left = await paceLeft(store, [...rates, ...rates.map(reserveOf)], now);
  return rates.map((rate, n) => {
    const reserve = { rate: reserveOf(rate), left: left[rates.length + n] ?? 0, taken: 0 };
    return { rate, left: left[n] ?? 0, taken: 0, reserve: rate.class === null ? reserve : null };
  });
}

/** A rate of all mail of a provider counts access mail and never keeps it waiting: the others wait for it. */
function leftIn(limit: Limit, kind: MessageClass): number {
  if (limit.rate.class === null && kind === 'access') return Number.POSITIVE_INFINITY;
  const { left, taken } = reserveFor(limit, kind) ?? limit;
  return left - taken;
}

function takeFrom(limit: Limit, kind: MessageClass): void {
  const reserve = reserveFor(limit, kind);
  if (reserve) reserve.taken++;
  limit.taken++;
}

/** Of what the others have to themselves, once access mail has taken more than there was. */
const reserveFor = ({ left, taken, reserve }: Limit, kind: MessageClass): Bucket<Reserve> | null =>
  left < taken && kind !== 'access' ? reserve : null;
