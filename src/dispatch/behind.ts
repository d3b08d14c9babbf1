import { HOUR, MINUTE, type Ms } from '../core/time.ts';
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

/**
 * After a time without a daemon everything that fell due meanwhile falls due at once. What the provider has to tell of
 * that time is read first.
 */
export function createBehind({ store, providers }: { store: Store; providers: Providers }): Behind {
  const since = new Map<string, Ms>();
  return async (views, now) => {
    const cursorOf = (view: View) => cursorName(providers, view);
    const names = new Set(views.flatMap((view) => cursorOf(view) ?? []));
    const readAt = await cursorsAt(store, [...names]);
    const late = new Set<string>();
    for (const name of names) {
      const isRead = now - (readAt.get(name) ?? now) <= LAG;
      if (isRead) since.delete(name);
      else since.set(name, since.get(name) ?? now);
      if (!isRead && now - (since.get(name) ?? now) < PATIENCE) late.add(name);
    }
    return new Set(views.filter((view) => late.has(cursorOf(view) ?? '')).map((view) => view.id));
  };
}

/** The cursor that tells how far the records are read which may speak of its latest attempt. */
function cursorName(providers: Providers, { delivery, domain }: View): string | null {
  const provider = providers.named(delivery.provider ?? '');
  return provider?.history?.domains.includes(domain) ? readTo('head', provider.name, domain) : null;
}
