// The lists by which mail is found, each in an index that has the order of all: newest first.
import type { Knex } from 'knex';
import { STATES, type State } from '../../core/delivery.ts';
import { CLASSES, type MessageClass } from '../../core/message-class.ts';
import { HOME_PROVIDER, providerTerm } from '../../core/search-terms.ts';
import type { Ms } from '../../core/time.ts';
import { recipientKey } from '../rows/rows.ts';

/** What mail is looked for. All that is said holds; what is said of a delivery holds of one and the same. */
export type Filter = {
  /** Messages by their ids: nothing but these. */
  ids?: readonly string[] | undefined;
  key?: string | undefined;
  recipient?: string | undefined;
  state?: State | undefined;
  class?: MessageClass | undefined;
  /** Terms of the message as a whole: words of its subject, and tags. */
  terms?: readonly string[] | undefined;
  /** What went wrong at any time, as a term. */
  cause?: string | undefined;
  /** By its name: whoever had it at any time; Mailgun, who has most of it, where it has it last. */
  provider?: string | undefined;
  since?: Ms | undefined;
  until?: Ms | undefined;
};

/** Where a message stands in the order of all. */
export type Standing = { at: Ms; id: string };

type Columns = { at: string; id: string };
const OF_MESSAGES: Columns = { at: 'created_at', id: 'id' };
const OF_OTHERS: Columns = { at: 'message_at', id: 'message_id' };

/** A list, in one or several parts. `holds` says what holds of all that stands in it. */
export type List = {
  parts: readonly Part[];
  holds: ReadonlySet<keyof Filter | `term ${string}`>;
};

type Part = { table: string; where: (rows: Knex.QueryBuilder) => void; columns: Columns };

const partOf = (table: string, columns: Columns, where: Part['where']): Part => ({ table, columns, where });

const ofTerm = (term: string): Part[] => [partOf('search_terms', OF_OTHERS, (rows) => void rows.where({ term }))];

const ALL: List = { parts: [partOf('messages', OF_MESSAGES, () => {})], holds: new Set() };

/** All the lists that hold what is looked for, those that tend to be short first. */
export function listsFor(filter: Filter): [List, ...List[]] {
  const { ids, key, cause, provider, terms = [], class: kind } = filter;
  const lists: List[] = [];
  const add = (holds: Iterable<keyof Filter | `term ${string}`>, parts: readonly Part[]) =>
    lists.push({ parts, holds: new Set(holds) });
  if (ids) add(['ids'], [partOf('messages', OF_MESSAGES, (rows) => void rows.whereIn('id', [...ids]))]);
  if (key !== undefined)
    add(['key'], [partOf('messages', OF_MESSAGES, (rows) => void rows.where({ message_key: key }))]);
  if (filter.recipient !== undefined || filter.state !== undefined)
    add(['recipient', 'state', 'class'], deliveryParts(filter));
  if (cause !== undefined) add(['cause'], ofTerm(cause));
  if (provider !== undefined && provider !== HOME_PROVIDER) add(['provider'], ofTerm(providerTerm(provider)));
  for (const term of terms) add([`term ${term}`], ofTerm(term));
  if (lists.length === 0 && kind !== undefined)
    add(['class'], [partOf('messages', OF_MESSAGES, (rows) => void rows.where({ class: kind }))]);
  const [first = ALL, ...more] = lists;
  return [first, ...more];
}

/** One part for each state and class, as the indexes have both: what does not fit would be read without an end. */
function deliveryParts({ recipient, state, class: kind }: Filter): Part[] {
  const to = recipient === undefined ? {} : { recipient_key: recipientKey(recipient) };
  const isWhole = state === undefined && kind === undefined;
  const ways = isWhole
    ? [to]
    : (state === undefined ? STATES : [state]).flatMap((one) =>
        (kind === undefined ? CLASSES : [kind]).map((c) => ({ ...to, state: one, class: c })),
      );
  return ways.map((way) => partOf('deliveries', OF_OTHERS, (rows) => void rows.where(way)));
}

export type Span = { since?: Ms | undefined; until?: Ms | undefined; before: Standing | null };

/** The newest of a list within a span, in their order: `at` and `id` of messages. */
export function newestOf(db: Knex, list: List, span: Span, limit: number): Knex.QueryBuilder {
  const parts = list.parts.map((part) => newestOfPart(db, part, span, limit));
  const [only] = parts;
  if (only && parts.length === 1) return only;
  const all = db.unionAll(parts.map((part) => db.from(part.as('part')).select('at', 'id')));
  return db.from(all.as('parts')).distinct('at', 'id').orderBy(NEWEST_FIRST).limit(limit);
}

/** The same, sorted here and not by the database: it walks each part in its order. */
export async function readNewest(db: Knex, list: List, span: Span, limit: number): Promise<Standing[]> {
  const parts = list.parts.map((part) => db.from(newestOfPart(db, part, span, limit).as('part')).select('at', 'id'));
  const standings: Standing[] = await db.unionAll(parts);
  return standings.sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1)).slice(0, limit);
}

export const NEWEST_FIRST = [
  { column: 'at', order: 'desc' },
  { column: 'id', order: 'desc' },
];

function newestOfPart(db: Knex, { table, where, columns: { at, id } }: Part, span: Span, limit: number) {
  const { since, until, before } = span;
  const query = db(table).select({ at, id });
  where(query);
  if (since !== undefined) query.where(at, '>=', since);
  if (until !== undefined) query.where(at, '<', until);
  if (before !== null)
    query.where(at, '<=', before.at).where((or) => or.where(at, '<', before.at).orWhere(id, '<', before.id));
  // A message with several deliveries stands in some lists more than once.
  if (table !== 'messages') query.groupBy(at, id);
  return query
    .orderBy([
      { column: at, order: 'desc' },
      { column: id, order: 'desc' },
    ])
    .limit(limit);
}
