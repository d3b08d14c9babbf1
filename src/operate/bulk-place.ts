import type { Store } from '../store/db/open.ts';
import { cursorOf, filterMessages, furtherDeliveries, type Hit } from '../store/messages/filter.ts';
import type { Filter } from '../store/messages/lists.ts';

/** Where one goes on: behind a message, or behind a delivery of it. Written as `cursor/message/delivery`. */
type Place = { cursor: string | undefined; message: string; delivery: string };

const placeIn = (text: string | null): Place => {
  const [cursor = '', message = '', delivery = ''] = (text ?? '').split('/');
  return { cursor: cursor === '' ? undefined : cursor, message, delivery };
};

/** The next deliveries that fit, about `limit` of them, and where those after them begin; null at the end. */
export async function nextDeliveries(
  store: Store,
  { filter, place: text, limit }: { filter: Filter; place: string | null; limit: number },
): Promise<{ ids: string[]; next: string | null }> {
  const place = placeIn(text);
  if (place.message !== '') return furtherOf(store, filter, place, limit);
  const { found, next } = await filterMessages(store, { filter, limit: Math.min(limit, MOST), cursor: place.cursor });
  const ids: string[] = [];
  for (const hit of found) {
    ids.push(...hit.deliveries.map(({ id }) => id));
    const cursor = cursorOf({ at: Number(hit.message.created_at), id: hit.message.id });
    if (mayHaveMore(hit)) return { ids, next: `${cursor}/${hit.message.id}/${ids.at(-1)}` };
    if (ids.length >= limit && hit !== found.at(-1)) return { ids, next: `${cursor}//` };
  }
  return { ids, next: next === null ? null : `${next}//` };
}

/** Messages that are read at once. */
const MOST = 100;

/** Of a message with many deliveries some are shown. */
const mayHaveMore = ({ deliveries, others }: Hit): boolean => others > 0 && deliveries.length >= SHOWN;
const SHOWN = 10;

async function furtherOf(store: Store, filter: Filter, { cursor, message, delivery }: Place, limit: number) {
  const rows = await furtherDeliveries(store, { filter, messageId: message, after: delivery });
  const ids = rows.slice(0, limit).map(({ id }) => id);
  const last = ids.at(-1);
  return { ids, next: last === undefined ? `${cursor ?? ''}//` : `${cursor ?? ''}/${message}/${last}` };
}
