import { type Clock, HOUR, MINUTE, type Ms } from '../core/time.ts';
import type { Providers } from '../providers/registry/registry.ts';
import type { Store } from '../store/db/open.ts';
import { cursorsAt, readTo } from '../store/notes/cursors.ts';
import type { View } from '../store/rows/rows.ts';

/** Says which of these deliveries the provider may have told something of that is not read yet. */
export type Behind = (views: readonly View[], now: Ms) => Promise<ReadonlySet<string>>;

/** In ordinary work the records are read once a minute. */
const LAG: Ms = 5 * MINUTE;
/** If they can't be read for so long, or nobody reads them so often, the deliveries are asked about one by one. */
const PATIENCE: Ms = HOUR;
/** The same for mail that was never sent as far as we know: it should not wait long for being sent. */
const FIRST_PATIENCE: Ms = MINUTE;

export type BehindDeps = {
  store: Store;
  providers: Providers;
  now: Clock;
  /** From when on this daemon took mail; by default from now on. */
  startedAt?: Ms;
};

/**
 * After a time without a daemon everything that fell due meanwhile falls due at once. What the provider has to tell of
 * that time is read first: also of mail that waits to be sent since before that time, or since before this process was
 * started, because a database from a backup does not know that it was sent.
 */
export function createBehind({ store, providers, now: clock, startedAt = clock() }: BehindDeps): Behind {
  const since = new Map<string, Ms>();
  return async (views, now) => {
    const cursorOf = (view: View) => cursorName(providers, view);
    const names = new Set(views.flatMap((view) => cursorOf(view) ?? []));
    const readAt = await cursorsAt(store, [...names]);
    for (const name of names) {
      const isRead = now - (readAt.get(name) ?? now) <= LAG;
      if (isRead) since.delete(name);
      else since.set(name, since.get(name) ?? now);
    }
    const isLate = (view: View): boolean => {
      const name = cursorOf(view) ?? '';
      const waited = now - (since.get(name) ?? Number.NEGATIVE_INFINITY);
      if (view.delivery.attempts.length > 0) return waited < PATIENCE;
      const { createdAt } = view.birth;
      const lastRead = readAt.get(name) ?? Number.POSITIVE_INFINITY;
      const isFromBefore = createdAt < startedAt && lastRead < startedAt && now - startedAt < FIRST_PATIENCE;
      return isFromBefore || (waited < FIRST_PATIENCE && createdAt <= lastRead + LAG);
    };
    return new Set(views.filter(isLate).map((view) => view.id));
  };
}

/** The cursor that tells how far the records are read which may speak of its latest attempt, or of its first. */
function cursorName(providers: Providers, { delivery, domain }: View): string | null {
  const provider = delivery.provider === null ? providers.all[0] : providers.named(delivery.provider);
  return provider?.history?.domains.includes(domain) ? readTo('head', provider.name, domain) : null;
}
