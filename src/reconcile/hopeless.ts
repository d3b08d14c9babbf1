import { sha256 } from '../base/ids.ts';
import type { Fact } from '../core/delivery.ts';
import { hopelessNote, hopelessWords, isHopeless, placeOf, weekOf } from '../core/figures/hopeless.ts';
import type { Settings } from '../core/settings.ts';
import type { Ms } from '../core/time.ts';
import { raise } from '../store/alerts.ts';
import type { Store } from '../store/db/open.ts';
import { lastReposts } from '../store/projections/reposts.ts';
import type { View } from '../store/rows/rows.ts';

/**
 * Tells where re-posts cure nothing: the administrators once a week for each recipient domain and cause, and in a note
 * on the delivery that is to be tried again. It does not change what is done.
 */
export async function hopelessNotes(
  deps: { store: Store; settings: Pick<Settings, 'hopelessAfter'> },
  { birth, recipient, delivery }: View,
  now: Ms,
): Promise<Fact[]> {
  const after = deps.settings.hopelessAfter;
  const place = birth.policy.watch || after === 0 ? null : placeOf(recipient, delivery);
  if (place === null) return [];
  const last = await lastReposts(deps.store, place, after);
  if (!isHopeless(last, after)) return [];
  const incident = `not_cured:${sha256(place).slice(0, 40)}`;
  const item_key = `${incident}:${weekOf(now)}`;
  await raise(deps.store, { item_key, incident, kind: 'not_cured', at: now, detail: hopelessWords(place, last) });
  const { attempt } = delivery;
  return [{ key: `noted:${attempt}:hopeless`, at: now, kind: 'noted', attempt, what: hopelessNote(after) }];
}
