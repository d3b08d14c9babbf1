import { momentIn } from './form.ts';
import { type Reply, refusal, reply } from './reply.ts';
import type { EventData, Place, SimRequest, World } from './world.ts';

const MOST_PER_PAGE = 300;

/** The exact position of an event: a page read again later may hold events that came late. */
type Position = [timestamp: number, id: string];
type Cursor = { query: string; side: 'after' | 'before'; place: Position | null };

/** GET /v3/:domain/events */
export const listEvents = (world: World, request: SimRequest, { domain }: Place): Reply =>
  page(world, domain, { query: request.query.toString(), side: 'after', place: null });

/** GET /v3/:domain/events/:page */
export const listMoreEvents = (world: World, _request: SimRequest, { domain, last }: Place): Reply => {
  const cursor = readCursor(last);
  return cursor === null ? refusal(400, 'no such page') : page(world, domain, cursor);
};

const page = (world: World, domain: string, cursor: Cursor): Reply => {
  if (world.quirks.eventsApi === 'gone') return refusal(410, 'The Events API has been retired');
  if (world.quirks.eventsApi === 'error') return refusal(500, 'Internal Server Error');
  const query = new URLSearchParams(cursor.query);
  const range = readRange(query);
  if (typeof range === 'string') return refusal(400, range);
  const isWanted = readFilters(query);
  const isWithin = ({ timestamp }: EventData): boolean =>
    timestamp * 1000 >= range.from && timestamp * 1000 <= range.to;
  const all = visibleEvents(world, domain, (event) => isWithin(event) && isWanted(event));
  if (!range.ascending) all.reverse();
  const items = pageItems(all, cursor, range);
  const [top, bottom] = [items[0], items.at(-1)];
  const link = (side: Cursor['side'], place: Position | null): string =>
    `${world.apiOrigin}/v3/${domain}/events/${writeCursor({ query: cursor.query, side, place })}`;
  return reply({
    items,
    paging: {
      // Always there: only an empty page is the end.
      next: link('after', bottom === undefined ? cursor.place : placeOf(bottom)),
      previous: link('before', top === undefined ? cursor.place : placeOf(top)),
      first: link('after', null),
      last: link('before', null),
    },
  });
};

/** What has become visible by now and is wanted, oldest first. */
export const visibleEvents = (
  world: World,
  domain: string | null,
  isWanted: (event: EventData) => boolean,
): EventData[] => {
  const now = world.clock();
  return world.events
    .filter(
      (filed) =>
        (domain === null || filed.event.domain.name === domain) && filed.visibleAt <= now && isWanted(filed.event),
    )
    .map((filed) => filed.event)
    .sort((a, b) => comparePlaces(placeOf(a), placeOf(b)));
};

type Range = { from: number; to: number; ascending: boolean; limit: number };

const readRange = (query: URLSearchParams): Range | string => {
  const limit = Number(query.get('limit') ?? 100);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_PER_PAGE) return `limit: expected 1 to ${MOST_PER_PAGE}`;
  const [begin, end] = ['begin', 'end'].map((name) => readBound(query.get(name)));
  if (begin === null || end === null) return 'begin and end: expected an RFC 2822 date or seconds since the epoch';
  const wish = query.get('ascending');
  const ascending =
    wish === null ? begin !== undefined && end !== undefined && begin < end : ['yes', 'true'].includes(wish);
  if (begin !== undefined && end !== undefined)
    return { from: Math.min(begin, end), to: Math.max(begin, end), ascending, limit };
  return ascending
    ? { from: begin ?? Number.NEGATIVE_INFINITY, to: end ?? Number.POSITIVE_INFINITY, ascending, limit }
    : { from: end ?? Number.NEGATIVE_INFINITY, to: begin ?? Number.POSITIVE_INFINITY, ascending, limit };
};

const readBound = (text: string | null): number | null | undefined => (text === null ? undefined : momentIn(text));

const pageItems = (all: EventData[], { side, place }: Cursor, { ascending, limit }: Range): EventData[] => {
  const passed = (event: EventData): boolean =>
    place !== null && comparePlaces(placeOf(event), place) * (ascending ? 1 : -1) > 0;
  if (side === 'after') return all.filter((event) => place === null || passed(event)).slice(0, limit);
  return all.filter((event) => place === null || (!passed(event) && event.id !== place[1])).slice(-limit);
};

const placeOf = (event: EventData): Position => [event.timestamp, event.id];

const comparePlaces = (a: Position, b: Position): number => a[0] - b[0] || (a[1] < b[1] ? -1 : Number(a[1] !== b[1]));

const FILTERS: Record<string, (event: EventData) => string[]> = {
  event: (event) => [event.event],
  severity: (event) => [event.severity ?? ''],
  recipient: (event) => [event.recipient ?? ''],
  'message-id': (event) => [event.message?.headers?.['message-id'] ?? ''],
  tags: (event) => (Array.isArray(event['tags']) ? event['tags'].map(String) : []),
  from: (event) => [event.message?.headers?.['from'] ?? ''],
  to: (event) => [event.message?.headers?.['to'] ?? ''],
  subject: (event) => [event.message?.headers?.['subject'] ?? ''],
};
const BY_PART: ReadonlySet<string> = new Set(['from', 'to', 'subject']);

const readFilters = (query: URLSearchParams): ((event: EventData) => boolean) => {
  const tests = Object.entries(FILTERS).flatMap(([name, valuesOf]) => {
    const wanted = query.get(name);
    if (wanted === null) return [];
    const isMet = readExpression(wanted, BY_PART.has(name));
    return [(event: EventData): boolean => isMet(valuesOf(event).map((value) => value.toLowerCase()))];
  });
  return (event) => tests.every((test) => test(event));
};

/** `a OR b`, `a AND b`, `NOT a`, with quotes or parentheses around them; AND binds tighter. */
const readExpression = (text: string, byPart: boolean): ((values: string[]) => boolean) => {
  const choices = text.split(/\s+OR\s+/).map((choice) =>
    choice.split(/\s+AND\s+/).map((term) => ({
      negated: /^\(?NOT\s+/.test(term),
      word: term
        .replace(/^\(?NOT\s+/, '')
        .replace(/^[("<]+|[)">]+$/g, '')
        .toLowerCase(),
    })),
  );
  const has = (values: string[], word: string): boolean =>
    byPart ? values.some((value) => value.includes(word)) : values.includes(word);
  return (values) => choices.some((terms) => terms.every(({ negated, word }) => has(values, word) !== negated));
};

const writeCursor = (cursor: Cursor): string => Buffer.from(JSON.stringify(cursor)).toString('base64url');

const readCursor = (token: string): Cursor | null => {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && 'query' in value && 'side' in value
      ? (value as Cursor)
      : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};
