import type { Store } from '../store/db/open.ts';
import { cursorOf, filterMessages, furtherDeliveries, mayHaveMore } from '../store/messages/filter.ts';
import type { Filter } from '../store/messages/lists.ts';

/** Where one goes on: behind a message, or behind a delivery of it. Written as `cursor/message/delivery`. */
type Place = { cursor: string | undefined; message: string; delivery: string };

const placeIn = (text: string | null): Place => {
  const [cursor = '', message = '', delivery = ''] = (text ?? '').split('/');
  return { cursor: cursor === '' ? undefined : cursor, message, delivery };
};

/** The next deliveries that fit, `limit` of them at most, and where those after them begin; null at the end. */
export async function nextDeliveries(
  store: Store,
  { filter, place: text, limit }: { filter: Filter; place: string | null; limit: number },
): Promise<{ ids: string[]; next: string | null }> {
  const place = placeIn(text);
  if (place.message !== '') return furtherOf(store, filter, place, limit);
  const { found, next } = await filterMessages(store, { filter, limit: Math.min(limit, MOST), cursor: place.cursor });
  const ids: string[] = [];
  let cursor = place.cursor ?? '';
  for (const hit of found) {
    if (ids.length === limit) return { ids, next: `${cursor}//` };
    const part = hit.deliveries.slice(0, limit - ids.length);
    ids.push(...part.map(({ id }) => id));
    cursor = cursorOf({ at: Number(hit.message.created_at), id: hit.message.id });
    const isWhole = part.length === hit.deliveries.length && !mayHaveMore(hit);
    if (!isWhole) return { ids, next: `${cursor}/${hit.message.id}/${part.at(-1)?.id ?? ''}` };
  }
  return { ids, next: next === null ? null : `${next}//` };
}

/** Messages that are read at once. */
const MOST = 100;

async function furtherOf(store: Store, filter: Filter, { cursor = '', message, delivery }: Place, limit: number) {
  const rows = await furtherDeliveries(store, { filter, messageId: message, after: delivery, limit });
  const ids = rows.map(({ id }) => id);
  return { ids, next: ids.length < limit ? `${cursor}//` : `${cursor}/${message}/${ids.at(-1)}` };
}
