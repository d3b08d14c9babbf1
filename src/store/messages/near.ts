// Addresses that were recorded and look like one that was not: most likely somebody mistyped it.
import { distance } from 'fastest-levenshtein';
import type { Knex } from 'knex';
import type { Store } from '../db/open.ts';
import { recipientKey } from '../rows/rows.ts';

/** Steps in the index, each to the next address, however much mail that one got. */
const STEPS = 12;
/** So many letters may be wrong. */
const SLIPS = 2;
const SHOWN = 3;

/**
 * The nearest addresses, first those with the fewest letters that differ. Only those are looked at that stand beside it in
 * the order of addresses, or have the same part before the `@`: a slip in the first letters is not found.
 */
export async function nearAddresses({ db }: Store, address: string): Promise<string[]> {
  const key = recipientKey(address);
  const local = key.slice(0, key.lastIndexOf('@') + 1);
  const walks: Walk[] = [
    { from: key, up: true },
    { from: key, up: false },
    { from: local, up: true, within: local },
  ];
  const found = new Set((await Promise.all(walks.map((one) => walk(db, one)))).flat());
  found.delete(key);
  return [...found]
    .map((one) => ({ one, slips: distance(one, key) }))
    .filter(({ slips }) => slips <= SLIPS)
    .sort((a, b) => a.slips - b.slips || (a.one < b.one ? -1 : 1))
    .slice(0, SHOWN)
    .map(({ one }) => one);
}

type Walk = { from: string; up: boolean; within?: string };

/** The addresses behind one, or before it, in the order of the index. */
async function walk(db: Knex, { from, up, within = '' }: Walk): Promise<string[]> {
  const found: string[] = [];
  for (let last = from; found.length < STEPS; ) {
    const row: { recipient_key: string } | undefined = await db('deliveries')
      .where('recipient_key', up ? '>' : '<', last)
      .orderBy('recipient_key', up ? 'asc' : 'desc')
      .first('recipient_key');
    if (!row?.recipient_key.startsWith(within)) break;
    last = row.recipient_key;
    found.push(last);
  }
  return found;
}
