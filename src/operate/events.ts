import { AppError } from '../base/errors.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { replayEvents } from '../store/events.ts';
import { audit } from '../store/notes/audit.ts';
import { type Endpoint, enable, endpoints } from '../store/notes/endpoints.ts';

/** By its number in the setting; all when no number is given. */
async function named(store: Store, number: number | null): Promise<Endpoint[]> {
  const all = await endpoints(store);
  if (all.length === 0) throw new AppError('not_found', 'events are posted nowhere: EVENTS_WEBHOOK_URL is not set');
  const found = all.filter(({ place }) => number === null || place === number);
  if (found.length > 0) return found;
  throw new AppError('not_found', `there is no endpoint ${number}: they are numbered from 1 to ${all.length}`);
}

/** Has an endpoint, or all, told once more of what has happened since then; says how many events that are. */
export async function replay(
  store: Store,
  { since, endpoint }: { since: Ms; endpoint: number | null },
  who: string,
  now: Ms,
): Promise<number> {
  let count = 0;
  for (const one of await named(store, endpoint)) {
    const detail = `since ${new Date(since).toISOString()}`;
    await audit(store, now, { who, what: 'events_replayed', subject: one.host, detail });
    count += await replayEvents(store, one, since, now);
  }
  return count;
}

/** Posts to an endpoint again, at first what has waited for it. */
export async function enableEndpoint(store: Store, number: number, who: string, now: Ms): Promise<Endpoint> {
  const [endpoint] = await named(store, number);
  if (!endpoint) throw new AppError('not_found', 'there is no such endpoint');
  await audit(store, now, { who, what: 'endpoint_enabled', subject: endpoint.host, detail: endpoint.disabledWhy });
  await enable(store, endpoint.id, now);
  return endpoint;
}
