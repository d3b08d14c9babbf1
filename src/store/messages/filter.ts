// Finds mail by all that can be said of it, at a cost that is bounded whatever the history.
import type { Knex } from 'knex';
import { isId } from '../../base/ids.ts';
import type { Store } from '../db/open.ts';
import type { DeliveryRow, MessageRow } from '../rows/rows.ts';
import { fitting, fittingDeliveries } from './checks.ts';
import { type Filter, type List, listsFor, NEWEST_FIRST, newestOf, type Span, type Standing } from './lists.ts';

/** A message, those of its deliveries that fit, as many as are shown, and how many others it has. */
export type Hit = { message: MessageRow; deliveries: DeliveryRow[]; others: number };

export type Hits = {
  found: Hit[];
  /** Where the next page begins; null at the end. */
  next: string | null;
  /** Set when the page is not full because so many were looked at: further ones may fit. */
  looked: number | null;
};

export type Wanted = { filter: Filter; limit: number; cursor?: string | undefined };

export const cursorOf = ({ at, id }: Standing): string => `${at.toString(36)}.${id}`;

/** Null for what is no cursor of ours. */
export function standingIn(cursor: string): Standing | null {
  const [, at = '', id = ''] = /^([0-9a-z]{1,9})\.(\w{26})$/.exec(cursor) ?? [];
  return isId(id) ? { at: Number.parseInt(at, 36), id } : null;
}

/** So many candidates are looked at, in steps: mostly the first is enough. */
const STEPS = [200, 800, 1000] as const;
/** Where the list of so many newest ends tells how close together it is. */
const HEAD = 1000;

/**
 * Finds messages, newest first. One list is walked, the one that reaches furthest back with its first thousand, and what
 * stands in it is checked against the rest by primary keys.
 */
export async function filterMessages({ db }: Store, { filter, limit, cursor }: Wanted): Promise<Hits> {
  const { since, until } = filter;
  const before = cursor === undefined ? null : standingIn(cursor);
  const span = { since, until, before };
  const list = await sparsest(db, listsFor(filter), span);
  const isExact = [...saidIn(filter)].every((name) => list.holds.has(name));
  const standings: Standing[] = [];
  let place = before;
  let looked = 0;
  for (const step of isExact ? [limit + 1] : STEPS) {
    const candidates = newestOf(db, list, { ...span, before: place }, step);
    const fit = db.from(candidates.as('candidates')).select('at', 'id').orderBy(NEWEST_FIRST);
    if (!isExact) fitting(fit, db, filter, list);
    standings.push(...(await read(fit.limit(limit + 1 - standings.length))));
    if (standings.length > limit || isExact) break;
    const [last] = await read(endOf(newestOf(db, list, { ...span, before: place }, step), step));
    looked += step;
    place = last ?? null;
    if (!last) break;
  }
  const page = standings.slice(0, limit);
  const end = page.at(-1);
  const isFull = standings.length > limit;
  const goOn = isFull ? end : isExact ? undefined : (place ?? undefined);
  return {
    found: await hitsOf(db, page, filter),
    next: goOn ? cursorOf(goOn) : null,
    looked: !isFull && goOn ? looked : null,
  };
}

const read = async (query: Knex.QueryBuilder): Promise<Standing[]> => query;

/** The last of so many. */
const endOf = (newest: Knex.QueryBuilder, size: number): Knex.QueryBuilder => newest.limit(1).offset(size - 1);

/** What has to hold. */
function* saidIn(filter: Filter): Generator<keyof Filter | `term ${string}`> {
  for (const name of ['ids', 'key', 'recipient', 'state', 'class', 'cause', 'provider'] as const)
    if (filter[name] !== undefined) yield name;
  for (const term of filter.terms ?? []) yield `term ${term}`;
}

/** The list whose newest reach furthest back: it is the one with the fewest to look at. */
async function sparsest(db: Knex, lists: readonly [List, ...List[]], span: Span): Promise<List> {
  const [first, ...more] = lists;
  let best = { list: first, reach: Number.POSITIVE_INFINITY };
  if (more.length === 0) return first;
  for (const list of lists) {
    const [last] = await read(endOf(newestOf(db, list, span, HEAD), HEAD));
    const reach = last?.at ?? Number.NEGATIVE_INFINITY;
    if (reach < best.reach) best = { list, reach };
    if (!last) break;
  }
  return best.list;
}

/** Deliveries of a message that are shown with it. */
const SHOWN = 10;
/** Messages with more are read one by one. */
const FEW = 20;

async function hitsOf(db: Knex, page: readonly Standing[], filter: Filter): Promise<Hit[]> {
  if (page.length === 0) return [];
  const ids = page.map(({ id }) => id);
  const messages: MessageRow[] = await db('messages').whereIn('id', ids);
  const counts: { message_id: string; n: number }[] = await db('deliveries')
    .whereIn('message_id', ids)
    .groupBy('message_id')
    .select('message_id')
    .count({ n: '*' });
  const sizes = new Map(counts.map(({ message_id, n }) => [message_id, Number(n)]));
  const small = ids.filter((id) => (sizes.get(id) ?? 0) <= FEW);
  const rows: DeliveryRow[] = await fittingDeliveries(db, filter, null)
    .whereIn('deliveries.message_id', small)
    .select('deliveries.*');
  rows.sort((a, b) => (a.id < b.id ? -1 : 1));
  const messageOf = new Map(messages.map((message) => [message.id, message]));
  const hits: Hit[] = [];
  for (const id of ids) {
    const message = messageOf.get(id);
    const size = sizes.get(id) ?? 0;
    if (!message || size === 0) continue;
    const fit = size <= FEW ? rows.filter((row) => row.message_id === id) : await deliveriesOf(db, id, filter, '');
    const shown = fit.slice(0, SHOWN);
    hits.push({ message, deliveries: shown, others: size - shown.length });
  }
  return hits;
}

const deliveriesOf = (
  db: Knex,
  messageId: string,
  filter: Filter,
  after: string,
  limit = SHOWN,
): Promise<DeliveryRow[]> =>
  fittingDeliveries(db, filter, null)
    .where('deliveries.message_id', messageId)
    .where('deliveries.id', '>', after)
    .orderBy('deliveries.id')
    .limit(limit)
    .select('deliveries.*');

/** Whether more of its deliveries may fit than it shows. */
export const mayHaveMore = ({ deliveries, others }: Hit): boolean => others > 0 && deliveries.length >= SHOWN;

/** The deliveries of a message that fit and come after one of them. */
export const furtherDeliveries = (
  { db }: Store,
  { filter, messageId, after, limit = 200 }: FurtherWanted,
): Promise<DeliveryRow[]> => deliveriesOf(db, messageId, filter, after, limit);

export type FurtherWanted = { filter: Filter; messageId: string; after: string; limit?: number };
