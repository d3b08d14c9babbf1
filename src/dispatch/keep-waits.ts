import type { Log } from '../base/log.ts';
import type { Settings } from '../core/settings.ts';
import type { Clock } from '../core/time.ts';
import { raise } from '../store/alerts.ts';
import type { Store } from '../store/db/open.ts';
import { switchToLocal } from '../store/messages/domains.ts';
import type { View } from '../store/rows/rows.ts';

export type KeepWaitsDeps = { store: Store; settings: Pick<Settings, 'schedule'>; now: Clock; log: Log };

/** A provider that refuses a delivery time, and says that this is why, is not given one again for mail of that domain. */
export async function keepWaitsHere(deps: KeepWaitsDeps, { id, domain }: View, detail: string): Promise<void> {
  if (deps.settings.schedule !== 'auto' || !/deliver|schedul|time/i.test(detail)) return;
  const at = deps.now();
  const why = `a re-post of delivery ${id} was refused because of its delivery time (${detail})`;
  if (!(await switchToLocal(deps.store, domain, why, at))) return;
  deps.log.warn({ domain, why }, 'Mailgun refuses delivery times on re-posts: waits are kept here from now on');
  const item_key = `schedule_switched:${domain}`;
  // Nobody has to do anything about it: the daily summary says so, and no alert.
  await raise(deps.store, { item_key, incident: item_key, kind: 'schedule_switched', at, detail: why }, 'summary');
}
