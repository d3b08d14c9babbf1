import type { Ms } from '../core/time.ts';
import { timeWords } from '../core/words.ts';
import type { Down } from '../gate.ts';
import { lastOf, raise } from '../store/alerts.ts';
import { sha256 } from '../store/ids.ts';
import type { Store } from '../store/open.ts';

/** A way out by its name; `down` is undefined when nothing is known of it yet. */
export type RouteState = { name: string; down: Down | null | undefined };

/** One refusal may be a hiccup; the second comes a pause later. */
const CERTAIN = 2;

const incidentOf = (kind: 'route_down' | 'route_up', name: string): string => `${kind}:${name}`.slice(0, 191);
export const routeIn = (incident: string): string => incident.slice(incident.indexOf(':') + 1);

/**
 * One alert when a secondary can't be used, and one when it can again, whichever processes notice: the key of each is
 * made of the one before it.
 */
export async function tellOfRoutes(store: Store, states: readonly RouteState[], now: Ms): Promise<void> {
  for (const { name, down } of states) {
    if (down === undefined || (down !== null && down.times < CERTAIN)) continue;
    const kind = down ? 'route_down' : 'route_up';
    const last = await lastOf(store, [incidentOf('route_down', name), incidentOf('route_up', name)]);
    // Nobody has to be told that what was never down is up.
    if ((last?.kind ?? 'route_up') === kind) continue;
    const detail = down
      ? `${name} can not be used since ${timeWords(down.since)}: ${down.why}. Mail for it waits until it can, or until it is of no use any more.`
      : `${name} can be used again; that it could not was told at ${timeWords(last?.at ?? now)}.`;
    const item_key = `${kind}:${sha256(`${name} ${last?.item_key ?? ''}`)}`;
    await raise(store, { item_key, incident: incidentOf(kind, name), kind, at: now, detail });
  }
}
