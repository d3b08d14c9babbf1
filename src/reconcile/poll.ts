import { wordsOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { type Clock, HOUR, MINUTE, type Ms } from '../core/time.ts';
import type { History, Page } from '../providers/provider.ts';
import type { Providers } from '../providers/registry/registry.ts';
import type { Store } from '../store/db/open.ts';
import { cursor, setCursor } from '../store/notes/cursors.ts';
import { fileItems } from './ask.ts';

export type PollDeps = { store: Store; providers: Providers; eventsSettle: Ms; now: Clock; log: Log };

const PAGE = 300;
/** Pages a range and pass: what is left is read on the next tick, so that one busy domain does not stop the others. */
const PAGES = 40;
const OVERLAP = MINUTE;

/**
 * Reads each domain's events by time, so that a lost webhook is found (a lost `delivered` above all, which Mailgun does
 * not repeat). Mailgun's nodes report late: events younger than the settle time may still be missing between those we
 * see. So each event is read twice, soon after it happened and again when its time has settled. Says how many were new.
 */
export async function pollEvents(deps: PollDeps): Promise<number> {
  let found = 0;
  for (const { name, history } of deps.providers.all) {
    for (const domain of history?.domains ?? []) if (history) found += await pollDomain(deps, name, history, domain);
  }
  return found;
}

async function pollDomain(deps: PollDeps, provider: string, history: History, domain: string): Promise<number> {
  const now = deps.now();
  // Cursors of Mailgun were made before there were other providers.
  const whose = provider === 'mailgun' ? domain : `${provider} ${domain}`;
  const range = { deps, provider, history, domain };
  try {
    const settled = await readRange(range, `settled:${whose}`, now - deps.eventsSettle);
    return settled + (await readRange(range, `head:${whose}`, now - headStart(deps)));
  } catch (error) {
    deps.log.warn({ provider, domain, problem: wordsOf(error) }, 'events could not be polled');
    return 0;
  }
}

/** Webhooks come first when they come: what is found by polling was really missing, and the share of it means something. */
const headStart = (deps: PollDeps): Ms => Math.min(MINUTE, deps.eventsSettle / 10);

type Range = { deps: PollDeps; provider: string; history: History; domain: string };

/** A range that was too long for one pass: its bounds, and the page that is next. */
type Unfinished = { begin: Ms; end: Ms; next: string };

/** Reads on from where the cursor stands to `end`, and moves the cursor only over what is safely in the inbox. */
async function readRange(range: Range, name: string, end: Ms): Promise<number> {
  const { store, eventsSettle } = range.deps;
  const known = await cursor(store, name);
  const start = known?.at ?? end - Math.max(eventsSettle, HOUR);
  const rest = unfinishedIn(known?.value);
  if (rest) return readPages(range, name, { ...rest, start });
  if (end <= start) return 0;
  return readPages(range, name, { begin: start - OVERLAP, end, next: null, start });
}

function unfinishedIn(value: string | undefined): Unfinished | null {
  return value ? (JSON.parse(value) as Unfinished) : null;
}

type Pages = { begin: Ms; end: Ms; next: string | null; start: Ms };

/**
 * Where one pass is not enough, the next goes on at the page where this one stopped: with a start by time alone, more
 * events of one minute than a pass can read would be read from their beginning for ever.
 */
async function readPages({ deps, provider, history, domain }: Range, name: string, pages: Pages): Promise<number> {
  const { begin, end, start } = pages;
  let found = 0;
  let next = pages.next;
  for (let page = 0; page < PAGES; page++) {
    const { items, next: following } = await pageOf(history, domain, { begin, end, next });
    found += await fileItems(deps.store, provider, { history, items, source: 'poll', now: deps.now() });
    if (following === null || items.length === 0) {
      await setCursor(deps.store, name, '', Math.max(start, end));
      return found;
    }
    next = following;
  }
  const rest: Unfinished | null = next === null ? null : { begin, end, next };
  await setCursor(deps.store, name, rest ? JSON.stringify(rest) : '', start);
  return found;
}

async function pageOf(
  history: History,
  domain: string,
  { begin, end, next }: { begin: Ms; end: Ms; next: string | null },
): Promise<Page> {
  const range = { begin, end, limit: PAGE };
  try {
    return await history.between(domain, range, next);
  } catch (error) {
    // A provider may have forgotten the page: the range is read from its beginning then.
    if (next === null) throw error;
    return history.between(domain, range, null);
  }
}
