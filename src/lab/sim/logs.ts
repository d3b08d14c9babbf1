import { DAY, HOUR, MINUTE } from '../../core/time.ts';
import { visibleEvents } from './event-query.ts';
import { momentIn } from './form.ts';
import { type Reply, refusal, reply } from './reply.ts';
import type { EventData, SimRequest, World } from './world.ts';

const UNITS: Record<string, number> = { m: MINUTE, h: HOUR, d: DAY };

/** POST /v1/analytics/logs: account-wide, and every item in another shape than in the Events API. */
export const listLogs = (world: World, request: SimRequest): Reply => {
  if (world.quirks.logsApi === 'gone') return refusal(410, 'This endpoint has been retired');
  if (world.quirks.logsApi === 'error') return refusal(500, 'Internal Server Error');
  const query = request.json;
  if (!isRecord(query)) return refusal(400, 'expected a JSON object');
  const range = readRange(query, world.clock());
  if (range === null) return refusal(400, 'expected start and end as RFC 2822 dates, or a duration');
  const { limit, offset, descending } = readPagination(query['pagination']);
  const found = visibleEvents(
    world,
    null,
    (event) =>
      event.timestamp * 1000 >= range.start &&
      event.timestamp * 1000 <= range.end &&
      isWanted(event, query['events']) &&
      meetsFilter(event, query['filter']),
  );
  if (descending) found.reverse();
  const items = found.slice(offset, offset + limit);
  return reply({
    start: new Date(range.start).toUTCString(),
    end: new Date(range.end).toUTCString(),
    items: items.map((event) => logItem(event, world.quirks.sparseLogs)),
    pagination: {
      previous: token(Math.max(0, offset - limit)),
      next: token(offset + items.length),
      first: token(0),
      last: token(Math.max(0, found.length - limit)),
      total: found.length,
    },
    aggregates: { all: found.length, metrics: {} },
  });
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const readRange = (query: Record<string, unknown>, now: number): { start: number; end: number } | null => {
  const duration = /^(\d+)([mhd])$/.exec(String(query['duration'] ?? ''));
  const end = query['end'] === undefined ? now : momentIn(String(query['end']));
  if (end === null) return null;
  if (duration !== null) return { start: end - Number(duration[1]) * (UNITS[duration[2] ?? ''] ?? DAY), end };
  const start = momentIn(String(query['start'] ?? ''));
  return start === null ? null : { start, end };
};

const readPagination = (value: unknown): { limit: number; offset: number; descending: boolean } => {
  const pagination = isRecord(value) ? value : {};
  const offset = Number(
    Buffer.from(String(pagination['token'] ?? ''), 'base64url')
      .toString('utf8')
      .slice(1),
  );
  return {
    limit: Math.min(Number(pagination['limit'] ?? 100), 1000),
    offset: Number.isInteger(offset) ? offset : 0,
    descending: pagination['sort'] !== 'timestamp:asc',
  };
};

const token = (offset: number): string => Buffer.from(`@${offset}`).toString('base64url');

const isWanted = (event: EventData, names: unknown): boolean =>
  !Array.isArray(names) || names.length === 0 || names.includes(event.event);

const ATTRIBUTES: Record<string, (event: EventData) => unknown> = {
  domain: (event) => event.domain.name,
  recipient: (event) => event.recipient,
  message_id: (event) => event.message?.headers?.['message-id'],
  subject: (event) => event.message?.headers?.['subject'],
  severity: (event) => event.severity,
  event: (event) => event.event,
  tag: (event) => event['tags'],
  user_variables: (event) => JSON.stringify(event['user-variables']),
  delivery_status_code: (event) => event['delivery-status']?.['code'],
  delivery_status_bounce_type: (event) => event['delivery-status']?.['bounce-type'],
};

const meetsFilter = (event: EventData, filter: unknown): boolean => {
  const all = isRecord(filter) && Array.isArray(filter['AND']) ? filter['AND'].filter(isRecord) : [];
  return all.every((condition) => {
    const found = ATTRIBUTES[String(condition['attribute'])]?.(event);
    const wanted = Array.isArray(condition['values'])
      ? condition['values'].filter(isRecord).map((one) => String(one['value']))
      : [];
    const has = (value: string): boolean => {
      if (Array.isArray(found)) return found.includes(value);
      return condition['comparator'] === 'contains' ? String(found).includes(value) : String(found) === value;
    };
    return wanted.some(has) !== (condition['comparator'] === '!=');
  });
};

const logItem = (event: EventData, sparse: boolean): Record<string, unknown> => {
  const { timestamp, storage, 'user-variables': variables, ...rest } = event;
  const item = {
    ...rest,
    '@timestamp': new Date(timestamp * 1000).toISOString(),
    'user-variables': typeof variables === 'string' ? variables : JSON.stringify(variables),
    ...(storage === undefined || Array.isArray(storage) ? {} : { storage: { ...storage, url: [storage.url] } }),
  };
  if (!sparse || event.event !== 'failed') return item;
  const {
    severity: _severity,
    reason: _reason,
    storage: _storage,
    message: _message,
    ...bare
  } = { storage: null, ...item };
  return bare;
};
