import { sha256 } from '../base/ids.ts';
import { hopelessNote, hopelessWords, isHopeless, placeOf, weekOf } from '../core/figures/hopeless.ts';
import type { Settings } from '../core/settings.ts';
import type { Ms } from '../core/time.ts';
import { raise } from '../store/alerts.ts';
import type { Store } from '../store/db/open.ts';
import { lastReposts } from '../store/projections/reposts.ts';
import type { View } from '../store/rows/rows.ts';
import type { Due } from './circumstances.ts';

export type HopelessDeps = { store: Store; settings: Settings };

/**
 * Says where re-posts cure nothing: to the administrators once a week for each recipient domain and cause, and on each
 * delivery that it concerns. What is done with them stays what it is.
 */
export async function warnHopeless(deps: HopelessDeps, due: readonly Due[], now: Ms): Promise<Due[]> {
  const after = deps.settings.hopelessAfter;
  if (after === 0) return [...due];
  const placeFor = ({ birth, recipient, delivery }: View) => (birth.policy.watch ? null : placeOf(recipient, delivery));
  const places = [...new Set(due.flatMap((d) => placeFor(d.view) ?? []))];
  const hopeless = new Set<string>();
  for (const place of places) {
    const last = await lastReposts(deps.store, place, after);
    if (!isHopeless(last, after)) continue;
    hopeless.add(place);
    const incident = `not_cured:${sha256(place).slice(0, 40)}`;
    const item_key = `${incident}:${weekOf(now)}`;
    await raise(deps.store, { item_key, incident, kind: 'not_cured', at: now, detail: hopelessWords(place, last) });
  }
  return due.map((d) => {
    const place = placeFor(d.view);
    return place !== null && hopeless.has(place) ? { ...d, warning: hopelessNote(after) } : d;
  });
}
