import { momentIn } from './form.ts';
import { type Reply, refusal, reply } from './reply.ts';
import type { EventData, Place, SimRequest, World } from './world.ts';

const MOST_PER_PAGE = 300;

/** The exact position of an event, so that a page that is read again shows events that came late. */
type Position = { timestamp: number; id: string };
/** A page: what was asked for, and the position that it lies beyond; null for the very first or last. */
type Cursor = { query: string; side: 'after' | 'before'; position: Position | null };

/** GET /v3/:domain/events */
export function listEvents(world: World, request: SimRequest, { domain }: Place): Reply {
  return page(world, domain, { query: request.query.toString(), side: 'after', position: null });
}

/** GET /v3/:domain/events/:page */
export function listMoreEvents(world: World, _request: SimRequest, { domain, last }: Place): Reply {
  const cursor = cursorIn(last);
  return cursor === null ? refusal(400, 'no such page') : page(world, domain, cursor);
}

function page(world: World, domain: string, cursor: Cursor): Reply {
  if (world.quirks.eventsApi === 'gone') return refusal(410, 'The Events API has been retired');
  if (world.quirks.eventsApi === 'error') return refusal(500, 'Internal Server Error');
  const query = new URLSearchParams(cursor.query);
  const range = rangeIn(query);
  if (typeof range === 'string') return refusal(400, range);
  const isWanted = filterIn(query);
  const oldest = Math.max(range.from, world.clock() - world.quirks.eventRetention);
  const isWithin = (at: number): boolean => at >= oldest && at <= range.to;
  const all = visibleEvents(
    world,
    (event) => event.domain.name === domain && isWithin(event.timestamp * 1000) && isWanted(event),
  );
  const items = itemsOf(range.ascending ? all : all.reverse(), cursor, range);
  return reply({ items, paging: pagingOf(items, cursor, `${world.apiOrigin}/v3/${domain}/events`) });
}

/** What has become visible by now and is wanted, oldest first. */
export function visibleEvents(world: World, isWanted: (event: EventData) => boolean): EventData[] {
  const now = world.clock();
  return world.events
    .filter(({ visibleAt, event }) => visibleAt <= now && isWanted(event))
    .map(({ event }) => event)
    .sort(comparePositions);
}

type Range = { from: number; to: number; ascending: boolean; limit: number };

/** What `begin`, `end`, `ascending` and `limit` say, or what is wrong with them. */
function rangeIn(query: URLSearchParams): Range | string {
  const limit = Number(query.get('limit') ?? 100);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_PER_PAGE) return `limit: expected 1 to ${MOST_PER_PAGE}`;
  const begin = boundIn(query, 'begin');
  const end = boundIn(query, 'end');
  if (begin === null || end === null) return 'begin and end: expected an RFC 2822 date or seconds since the epoch';
  const bounds = begin !== undefined && end !== undefined ? { begin, end } : null;
  const wish = query.get('ascending');
  const ascending = wish === null ? bounds !== null && bounds.begin < bounds.end : ['yes', 'true'].includes(wish);
  // Events are walked from `begin` towards `end`, so backwards `end` is the earlier of the two.
  const [earliest, latest] = ascending ? [begin, end] : [end, begin];
  return bounds === null
    ? { from: earliest ?? Number.NEGATIVE_INFINITY, to: latest ?? Number.POSITIVE_INFINITY, ascending, limit }
    : { from: Math.min(bounds.begin, bounds.end), to: Math.max(bounds.begin, bounds.end), ascending, limit };
}

/** Undefined when there is none, null when it can't be read. */
function boundIn(query: URLSearchParams, name: string): number | null | undefined {
  const text = query.get(name);
  return text === null ? undefined : momentIn(text);
}

function itemsOf(all: EventData[], { side, position }: Cursor, { ascending, limit }: Range): EventData[] {
  if (position === null) return side === 'after' ? all.slice(0, limit) : all.slice(-limit);
  /** Above 0 for events that come after the position on the way through the pages. */
  const way = (event: EventData): number => comparePositions(event, position) * (ascending ? 1 : -1);
  return side === 'after'
    ? all.filter((event) => way(event) > 0).slice(0, limit)
    : all.filter((event) => way(event) < 0).slice(-limit);
}

/** Always all four: only an empty page is the end. */
function pagingOf(items: EventData[], { query, position }: Cursor, url: string): Record<string, string> {
  const link = (side: Cursor['side'], beyond: Position | null): string =>
    `${url}/${tokenOf({ query, side, position: beyond })}`;
  return {
    next: link('after', items.at(-1) ?? position),
    previous: link('before', items[0] ?? position),
    first: link('after', null),
    last: link('before', null),
  };
}

function comparePositions(a: Position, b: Position): number {
  return a.timestamp - b.timestamp || (a.id < b.id ? -1 : Number(a.id !== b.id));
}

type Filter = { valuesOf: (event: EventData) => string[]; isMet: (value: string, word: string) => boolean };

const isSame = (value: string, word: string): boolean => value === word.replace(/^<|>$/g, '');
const isPart = (value: string, word: string): boolean => value.includes(word);

const FILTERS: Record<string, Filter> = {
  event: { valuesOf: (event) => [event.event], isMet: isSame },
  severity: { valuesOf: (event) => [event.severity ?? ''], isMet: isSame },
  recipient: { valuesOf: (event) => [event.recipient ?? ''], isMet: isSame },
  recipients: { valuesOf: ({ message }) => message?.recipients ?? [], isMet: isSame },
  'message-id': { valuesOf: (event) => headerIn(event, 'message-id'), isMet: isSame },
  tags: { valuesOf: (event) => event.tags, isMet: isSame },
  attachment: { valuesOf: ({ message }) => (message?.attachments ?? []).map((one) => one.filename), isMet: isSame },
  size: { valuesOf: ({ message }) => [String(message?.size ?? '')], isMet: isOfSize },
  from: { valuesOf: (event) => headerIn(event, 'from'), isMet: isPart },
  to: { valuesOf: (event) => headerIn(event, 'to'), isMet: isPart },
  subject: { valuesOf: (event) => headerIn(event, 'subject'), isMet: isPart },
  // There are no mailing lists here.
  list: { valuesOf: () => [], isMet: isSame },
};

function headerIn({ message }: EventData, name: string): string[] {
  return [message?.headers?.[name] ?? ''];
}

/** `>n`, `<n` or `n` */
function isOfSize(value: string, word: string): boolean {
  const limit = Number(word.replace(/^[<>]/, ''));
  if (word.startsWith('>')) return Number(value) > limit;
  return word.startsWith('<') ? Number(value) < limit : Number(value) === limit;
}

function filterIn(query: URLSearchParams): (event: EventData) => boolean {
  const filters = Object.entries(FILTERS).flatMap(([name, filter]) => {
    const wanted = query.get(name);
    return wanted === null ? [] : [expressionIn(wanted, filter)];
  });
  return (event) => filters.every((isMet) => isMet(event));
}

/** `a OR b`, `a AND b`, `NOT a`, with quotes or parentheses around them; AND binds tighter. */
function expressionIn(text: string, { valuesOf, isMet }: Filter): (event: EventData) => boolean {
  const choices = text.split(/\s+OR\s+/).map((choice) => choice.split(/\s+AND\s+/).map(termIn));
  return (event) => {
    const values = valuesOf(event).map((value) => value.toLowerCase());
    const has = (word: string): boolean => values.some((value) => isMet(value, word));
    return choices.some((terms) => terms.every(({ isNegated, word }) => has(word) !== isNegated));
  };
}

function termIn(text: string): { isNegated: boolean; word: string } {
  const isNegated = /^\(?NOT\s+/.test(text);
  const word = text.replace(/^\(?NOT\s+/, '').replace(/^[("]+|[)"]+$/g, '');
  return { isNegated, word: word.toLowerCase() };
}

function tokenOf({ query, side, position }: Cursor): string {
  const at = position === null ? {} : { timestamp: String(position.timestamp), id: position.id };
  return Buffer.from(new URLSearchParams({ query, side, ...at }).toString()).toString('base64url');
}

function cursorIn(token: string): Cursor | null {
  const { query, side, timestamp, id } = Object.fromEntries(
    new URLSearchParams(Buffer.from(token, 'base64url').toString('utf8')),
  );
  if (query === undefined || (side !== 'after' && side !== 'before')) return null;
  const position = timestamp === undefined || id === undefined ? null : { timestamp: Number(timestamp), id };
  return { query, side, position };
}
