import type { Store } from '../db/open.ts';
import { chunks } from '../db/transact.ts';
import type { InboxRow } from './inbox.ts';

/** An event as it came in; of its body the beginning, where it is long. */
export type RawEvent = Pick<InboxRow, 'provider' | 'source' | 'received_at' | 'body'>;

/** Characters of a body. */
const LONGEST = 65_536;

/** The events with these keys, in the order in which they came. */
export async function eventsNamed({ db }: Store, keys: readonly string[]): Promise<RawEvent[]> {
  const rows: RawEvent[] = [];
  for (const part of chunks([...new Set(keys)], 200))
    rows.push(
      ...(await db('inbox')
        .whereIn('event_key', part)
        .select('provider', 'source', 'received_at', db.raw('substr(body, 1, ?) as body', [LONGEST]))),
    );
  return rows.sort((a, b) => Number(a.received_at) - Number(b.received_at));
}
