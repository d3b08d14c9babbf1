import { keyInTime } from '../../base/ids.ts';
import { type Clock, DAY, type Ms } from '../../core/time.ts';
import type { Found, History, Page, RawItem } from '../provider.ts';
import { readEvent } from './event.ts';
import type { Port } from './port.ts';
import { eventRecords, logRecords, type Query, type RawPage, type Records } from './records.ts';

export type HistoryOptions = {
  /** `auto`: the Events API as long as it is there, then the Logs API. */
  api: 'auto' | 'events' | 'logs';
  /** The domains whose events are read by time. */
  domains?: readonly string[];
  /** The Logs API asks for the end of a range; the others do not. */
  now?: Clock;
};

/** Mailgun's own limit of a page. */
const PAGE = 300;
const MOST_PAGES = 20;

/** What Mailgun has on record. Questions about single mails, and the reading of all events, go by ports of their own. */
export function createHistory(ports: { asking: Port; reading: Port }, options: HistoryOptions): History {
  const { api, domains = [], now } = options;
  const withoutEvents = new Set<string>();
  const by = (port: Port) => choose({ events: eventRecords(port), logs: logRecords(port, now), api, withoutEvents });
  const [records, all] = [by(ports.asking), by(ports.reading)];
  return {
    domains,
    ids: 'given',
    // On the smallest plan.
    keeps: DAY,
    about: (domain, query) => about(records, domain, query),
    async aboutRecipient(domain, recipient, since) {
      const { items, complete } = await readAll(records, domain, { begin: since, end: null, limit: PAGE, recipient });
      return { items: items.filter((item) => isTo(item, recipient)), complete };
    },
    between: (domain, { begin, end, limit }, cursor) =>
      readPage(all, domain, { begin, end, limit: Math.min(limit, PAGE) }, cursor),
    // The domain is kept too: the records are asked by domain, so their items need not name it.
    keep: ({ body, sighting }) => ({
      replayKey: keyInTime(sighting.at, sighting.eventKey),
      contentType: 'application/json',
      body: JSON.stringify({ domain: sighting.domain, item: body }),
    }),
  };
}

type Chosen = (domain: string, query: Query, cursor: string | null) => Promise<RawPage>;

const LOGS = 'logs:';

type Choice = Pick<HistoryOptions, 'api'> & {
  events: Records;
  logs: Records;
  /** Domains for which there is no Events API. */
  withoutEvents: Set<string>;
};

/** Chooses the API. A cursor of the Logs API is marked as one, so that all pages of a range come from one API. */
function choose({ events, logs, api, withoutEvents }: Choice): Chosen {
  const fromLogs: Chosen = async (domain, query, cursor) => {
    const page = await logs.page(domain, query, cursor?.slice(LOGS.length) ?? null);
    if (!page) throw new Error('Mailgun has neither events nor logs for this key');
    return { items: page.items, next: page.next === null ? null : LOGS + page.next };
  };
  return async (domain, query, cursor) => {
    if (api === 'logs' || cursor?.startsWith(LOGS)) return fromLogs(domain, query, cursor);
    const page = withoutEvents.has(domain) ? null : await events.page(domain, query, cursor);
    if (page) return page;
    if (api === 'events') throw new Error('Mailgun has no events for this key');
    const fallback = await fromLogs(domain, query, null);
    withoutEvents.add(domain);
    return fallback;
  };
}

/**
 * First for the one recipient. Where that gives nothing, for the whole message: a `rejected` names no recipient, the
 * address may be written otherwise there, and for that of a list there are those of its members.
 */
async function about(
  records: Chosen,
  domain: string,
  { messageId: id, recipient, since }: { messageId: string; recipient?: string; since: Ms },
): Promise<Found> {
  const messageId = id.replace(/^<|>$/g, '');
  const query = { begin: since, end: null, limit: PAGE, messageId };
  if (recipient !== undefined && isPlain(recipient)) {
    const { items, complete } = await readAll(records, domain, { ...query, recipient });
    const mine = items.filter((item) => isOf(item, messageId) && isTo(item, recipient));
    if (mine.length > 0) return { items: mine, complete };
  }
  const { items, complete } = await readAll(records, domain, query);
  return { items: items.filter((item) => isOf(item, messageId)), complete };
}

/** Whether the address can be used in a filter, which is an expression with AND, OR, quotes and parentheses. */
const isPlain = (recipient: string): boolean => !/[\s()"']/.test(recipient);

/** Whether an item is about this message. An item of the Logs API that names none was chosen by the filter. */
const isOf = ({ sighting }: RawItem, messageId: string): boolean =>
  sighting.messageId === null || sighting.messageId === messageId;

const isTo = ({ sighting }: RawItem, recipient: string): boolean =>
  sighting.recipient === null || sighting.recipient.toLowerCase() === recipient.toLowerCase();

async function readAll(records: Chosen, domain: string, query: Query): Promise<Found> {
  const items: RawItem[] = [];
  let unread = 0;
  const seen = new Set<string>();
  let cursor: string | null = null;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { items: raw, next }: RawPage = await records(domain, query, cursor);
    const read = readable(raw, domain);
    items.push(...read);
    unread += raw.length - read.length;
    // What can't be read may be just what was asked about.
    if (next === null || raw.length === 0) return { items, complete: unread === 0 };
    if (seen.has(next)) break;
    seen.add(next);
    cursor = next;
  }
  return { items, complete: false };
}

/** Skips pages on which nothing can be read, because an empty page would be taken for the end. */
async function readPage(records: Chosen, domain: string, query: Query, from: string | null): Promise<Page> {
  let cursor = from;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { items: raw, next }: RawPage = await records(domain, query, cursor);
    if (next === null || raw.length === 0) return { items: readable(raw, domain), next: null };
    if (next === cursor) throw new Error('the pages of events go round in a circle');
    const items = readable(raw, domain);
    if (items.length > 0) return { items, next };
    cursor = next;
  }
  throw new Error('page after page of events can not be read');
}

const readable = (raw: readonly unknown[], domain: string): RawItem[] =>
  raw.flatMap((body) => {
    const sighting = readEvent(body, { domain });
    return sighting ? [{ body, sighting }] : [];
  });
