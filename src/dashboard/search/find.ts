import type { Store } from '../../store/db/open.ts';
import { filterMessages, type Hits } from '../../store/messages/filter.ts';
import { findMessageRow } from '../../store/messages/find.ts';
import type { Filter } from '../../store/messages/lists.ts';
import type { Query } from './query.ts';

/** What is to be looked for, once it is known whether a name is one of a message. */
export async function filterOf(store: Store, { filter, named, address }: Query): Promise<Filter> {
  const name = named ?? address;
  if (name === null) return filter;
  const message = await findMessageRow(store, name);
  if (message) return { ...filter, ids: [message.id] };
  // Who says both wants both.
  if (named !== null || (filter.recipient !== undefined && filter.recipient !== address)) return { ...filter, ids: [] };
  return { ...filter, recipient: address ?? undefined };
}

/** Pages of what is found, one after the other, until the end. */
export async function* allPages(store: Store, filter: Filter, limit: number): AsyncGenerator<Hits> {
  for (let cursor: string | undefined; ; ) {
    const hits = await filterMessages(store, { filter, limit, cursor });
    yield hits;
    if (hits.next === null) return;
    cursor = hits.next;
  }
}
