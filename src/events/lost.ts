import type { Log } from '../base/log.ts';
import { DAY, type Ms } from '../core/time.ts';
import { counted } from '../core/words/numbers.ts';
import { raise } from '../store/alerts.ts';
import type { Store } from '../store/db/open.ts';
import type { Pruned } from '../store/events.ts';
import { endpoints } from '../store/notes/endpoints.ts';
import { incidentOf, nameOf } from './health.ts';

type Lost = Pick<Pruned, 'untold'> & { at: Ms; log: Log };

/** Tells of events that were deleted before an endpoint was told of them: the administrators once a day, the log each time. */
export async function tellOfLost(store: Store, { untold, at, log }: Lost): Promise<void> {
  for (const endpoint of await endpoints(store)) {
    const n = untold.find((one) => one.endpoint === endpoint.id)?.n ?? 0;
    if (n === 0) continue;
    log.error(
      { endpoint: endpoint.place, host: endpoint.host, n },
      'events were deleted that an endpoint was not told',
    );
    const incident = incidentOf(endpoint);
    await raise(store, {
      ...{ item_key: `${incident}:lost:${Math.floor(at / DAY)}`, incident, kind: 'events_webhook_failing', at },
      detail: `${nameOf(endpoint)} was not told of events before they were too old to be kept: ${counted(n, 'event')} are deleted, and there may be more of this day in the log. It takes fewer than there are, or none.`,
    });
  }
}
