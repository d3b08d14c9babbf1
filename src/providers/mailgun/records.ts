import { DateTime } from 'luxon';
import { type Clock, MINUTE, type Ms, SECOND } from '../../core/time.ts';
import { type Fields, isObject, objectOf } from '../common/fields.ts';
import type { Port } from './port.ts';
import { answered, isUnknownDomain } from './refusal.ts';

export type Query = {
  begin: Ms;
  /** Null: up to now. */
  end: Ms | null;
  limit: number;
  /** Without angle brackets. */
  messageId?: string;
  recipient?: string;
};

/** A page as it came. An empty page is the end, because there is always a link to the next. */
export type RawPage = { items: unknown[]; next: string | null };

/** One of Mailgun's two records of events. */
export type Records = {
  /** Null when this account or this Mailgun has no such records. */
  page(domain: string, query: Query, cursor: string | null): Promise<RawPage | null>;
};

/** Answers of both APIs when they are not available: withdrawn, unknown, or not for this key. */
const NOT_HERE: ReadonlySet<number> = new Set([403, 404, 410]);

/** GET /v3/{domain}/events: deprecated, without a date for its end. The cursor is the path of a page. */
export function eventRecords(port: Port): Records {
  return {
    async page(domain, query, cursor) {
      const home = `/v3/${encodeURIComponent(domain)}/events`;
      const reply = await (cursor === null ? port.get(home, eventFilter(query)) : port.get(cursor));
      if (cursor === null && NOT_HERE.has(reply.status) && !isUnknownDomain(reply)) return null;
      const body = objectOf(answered('events', reply));
      return { items: listIn(body, 'events'), next: nextPath(objectOf(body['paging'])['next'], home) };
    },
  };
}

function eventFilter({ begin, end, limit, messageId, recipient }: Query): Record<string, string> {
  return {
    begin: String(Math.floor(begin / SECOND)),
    ...(end === null ? {} : { end: String(Math.ceil(end / SECOND)) }),
    ascending: 'yes',
    limit: String(limit),
    ...(messageId === undefined ? {} : { 'message-id': messageId }),
    ...(recipient === undefined ? {} : { recipient }),
  };
}

/**
 * Uses only the path and query of a link, and only if they are below the events of the domain, because the API key goes
 * along.
 */
function nextPath(link: unknown, home: string): string | null {
  if (typeof link !== 'string' || link === '') return null;
  const url = URL.canParse(link) ? new URL(link) : null;
  // There may be a base path before /v3, in the link as in our own calls.
  const path = url?.pathname.slice(Math.max(0, url.pathname.indexOf(home)));
  if (!url || !path?.startsWith(home)) throw new Error('the link to the next page of events leads elsewhere');
  return path + url.search;
}

/** POST /v1/analytics/logs: account-wide, filtered by domain. The cursor is a token. */
export function logRecords(port: Port, now: Clock | undefined): Records {
  return {
    async page(domain, query, cursor) {
      const end = query.end ?? (now ? now() + MINUTE : null);
      const reply = await port.postJson('/v1/analytics/logs', {
        start: rfc2822(query.begin),
        ...(end === null ? {} : { end: rfc2822(end) }),
        filter: { AND: logFilter(domain, query) },
        include_totals: false,
        pagination: { sort: 'timestamp:asc', limit: query.limit, ...(cursor === null ? {} : { token: cursor }) },
      });
      if (cursor === null && NOT_HERE.has(reply.status)) return null;
      const body = objectOf(answered('logs', reply));
      const next = objectOf(body['pagination'])['next'];
      const items = listIn(body, 'logs').filter((item) => isOf(domain, item));
      return { items, next: typeof next === 'string' && next !== '' && !isEmpty(body) ? next : null };
    },
  };
}

function logFilter(domain: string, { messageId, recipient }: Query): unknown[] {
  const conditions = { domain, message_id: messageId, recipient };
  return Object.entries(conditions).flatMap(([attribute, value]) =>
    value === undefined ? [] : [{ attribute, comparator: '=', values: [{ label: value, value }] }],
  );
}

const rfc2822 = (at: Ms): string => DateTime.fromMillis(at, { zone: 'utc' }).toRFC2822() ?? '';

/** Checks the domain: the logs are those of the whole account, and the filter may have been ignored. */
function isOf(domain: string, item: unknown): boolean {
  const name = objectOf(objectOf(item)['domain'])['name'];
  return typeof name !== 'string' || name.toLowerCase() === domain.toLowerCase();
}

const isEmpty = (body: Fields): boolean => Array.isArray(body['items']) && body['items'].length === 0;

/** Throws when there are no items: it must not pass for an empty page, because "nothing there" has consequences. */
function listIn(body: Fields, what: string): unknown[] {
  const { items } = body;
  if (!Array.isArray(items)) throw new Error(`Mailgun's answer for ${what} has no list of items`);
  return items.filter(isObject);
}
