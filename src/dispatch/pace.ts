import { CLASSES, type MessageClass } from '../core/message-class.ts';
import type { Rate } from '../core/pace.ts';
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

export async function paceNow(store: Store, rates: readonly Rate[], now: Ms): Promise<Pace> {
  const left = rates.length > 0 ? await paceLeft(store, rates, now) : [];
  const taken = rates.map(() => 0);
  const isOf = (rate: Rate, provider: string, kind: MessageClass) =>
    rate.provider === provider && (rate.class ?? kind) === kind;
  // A rate of all mail of a provider counts access mail and never keeps it waiting: the others wait for it.
  const isBoundBy = (rate: Rate, kind: MessageClass) => rate.class !== null || kind !== 'access';
  const leftOf = (provider: string, kind: MessageClass) =>
    Math.min(
      ...rates.map((rate, n) =>
        isOf(rate, provider, kind) && isBoundBy(rate, kind)
          ? (left[n] ?? 0) - (taken[n] ?? 0)
          : Number.POSITIVE_INFINITY,
      ),
    );
  return {
    leftFor: (provider) =>
      rates.some((rate) => rate.provider === provider)
        ? CLASSES.map((kind) => Math.max(0, leftOf(provider, kind)))
        : undefined,
    take(provider, kind) {
      if (leftOf(provider, kind) < 1) return false;
      for (const [n, rate] of rates.entries()) if (isOf(rate, provider, kind)) taken[n] = (taken[n] ?? 0) + 1;
      return true;
    },
    spend: (at) =>
      spendPace(
        store,
        rates.map((rate, n) => [rate, taken[n] ?? 0]),
        at,
      ),
  };
}
