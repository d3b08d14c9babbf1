import { z } from 'zod';
import { DAY, HOUR, MINUTE, type Ms } from '../../core/time.ts';
import { visibleEvents } from './event-query.ts';
import { momentIn } from './form.ts';
import { type Reply, refusal, reply } from './reply.ts';
import type { EventData, SimRequest, World } from './world.ts';

const CONDITION = z.object({
  attribute: z.string(),
  comparator: z.string(),
  values: z.array(z.object({ value: z.coerce.string() })),
});

const QUERY = z.object({
  start: z.string().optional(),
  end: z.string().optional(),
  duration: z
    .string()
    .regex(/^\d+[mhd]$/)
    .optional(),
  events: z.array(z.string()).default([]),
  filter: z.object({ AND: z.array(CONDITION).default([]) }).prefault({}),
  pagination: z
    .object({
      sort: z.string().default('timestamp:desc'),
      token: z.string().default(''),
      limit: z.coerce.number().int().min(1).default(100),
    })
    .prefault({}),
});
type Query = z.output<typeof QUERY>;

const MOST_PER_PAGE = 1000;

/** POST /v1/analytics/logs: account-wide, and every item in another shape than in the Events API. */
export function listLogs(world: World, request: SimRequest): Reply {
  if (world.quirks.logsApi === 'gone') return refusal(410, 'This endpoint has been retired');
  if (world.quirks.logsApi === 'error') return refusal(500, 'Internal Server Error');
  const { data: query, error } = QUERY.safeParse(request.json);
  if (error) return refusal(400, z.prettifyError(error));
  const range = rangeOf(query, world.clock());
  if (range === null) return refusal(400, 'expected start and end as RFC 2822 dates, or a duration');
  const found = visibleEvents(world, (event) => isWithin(event, range) && isWanted(event, query));
  if (query.pagination.sort !== 'timestamp:asc') found.reverse();
  const { items, pagination } = pageOf(found, query.pagination);
  return reply({
    start: new Date(range.start).toUTCString(),
    end: new Date(range.end).toUTCString(),
    items: items.map((event) => itemOf(event, world.quirks.sparseLogs)),
    pagination,
    aggregates: { all: found.length, metrics: {} },
  });
}

type Range = { start: Ms; end: Ms };

const UNITS: Record<string, Ms> = { m: MINUTE, h: HOUR, d: DAY };

/** A duration, where there is one, ends at `end`, and that is now unless it is said. */
function rangeOf({ start, end, duration }: Query, now: Ms): Range | null {
  const last = end === undefined ? now : momentIn(end);
  const length = duration === undefined ? null : Number(duration.slice(0, -1)) * (UNITS[duration.slice(-1)] ?? DAY);
  const first = length === null || last === null ? momentIn(start ?? '') : last - length;
  return first === null || last === null ? null : { start: first, end: last };
}

function isWithin(event: EventData, { start, end }: Range): boolean {
  const at = event.timestamp * 1000;
  return at >= start && at <= end;
}

function isWanted(event: EventData, { events, filter }: Query): boolean {
  const isNamed = events.length === 0 || events.includes(event.event);
  return isNamed && filter.AND.every((condition) => isMet(event, condition));
}

const ATTRIBUTES: Record<string, (event: EventData) => unknown> = {
  domain: (event) => event.domain.name,
  recipient: (event) => event.recipient,
  message_id: (event) => event.message?.headers?.['message-id'],
  subject: (event) => event.message?.headers?.['subject'],
  severity: (event) => event.severity,
  event: (event) => event.event,
  tag: (event) => event.tags,
  user_variables: (event) => JSON.stringify(event['user-variables']),
  delivery_status_code: (event) => event['delivery-status']?.['code'],
  delivery_status_bounce_type: (event) => event['delivery-status']?.['bounce-type'],
};

function isMet(event: EventData, { attribute, comparator, values }: z.output<typeof CONDITION>): boolean {
  const found = ATTRIBUTES[attribute]?.(event);
  const has = (value: string): boolean => {
    if (Array.isArray(found)) return found.includes(value);
    return comparator === 'contains' ? String(found).includes(value) : String(found) === value;
  };
  return values.some(({ value }) => has(value)) !== (comparator === '!=');
}

function pageOf(found: EventData[], { token, limit }: Query['pagination']) {
  const size = Math.min(limit, MOST_PER_PAGE);
  const offset = offsetIn(token);
  const items = found.slice(offset, offset + size);
  const pagination = {
    previous: tokenAt(Math.max(0, offset - size)),
    next: tokenAt(offset + items.length),
    first: tokenAt(0),
    last: tokenAt(Math.max(0, found.length - size)),
    total: found.length,
  };
  return { items, pagination };
}

function tokenAt(offset: number): string {
  return Buffer.from(`@${offset}`).toString('base64url');
}

/** The first page for anything that is no token of ours. */
function offsetIn(token: string): number {
  return Number(/^@(\d+)$/.exec(Buffer.from(token, 'base64url').toString('utf8'))?.[1] ?? 0);
}

/** What a failed item may lack, as an example of Mailgun's own shows. */
const NOT_IN_SPARSE: ReadonlySet<string> = new Set(['severity', 'reason', 'storage', 'message']);

function itemOf(event: EventData, isSparse: boolean): Record<string, unknown> {
  const { timestamp, storage, 'user-variables': variables, ...rest } = event;
  const item = {
    ...rest,
    '@timestamp': new Date(timestamp * 1000).toISOString(),
    'user-variables': typeof variables === 'string' ? variables : JSON.stringify(variables),
    ...(storage === undefined || Array.isArray(storage) ? {} : { storage: { ...storage, url: [storage.url] } }),
  };
  if (!isSparse || event.event !== 'failed') return item;
  return Object.fromEntries(Object.entries(item).filter(([name]) => !NOT_IN_SPARSE.has(name)));
}
