import { wordsOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { type Clock, HOUR, MINUTE, type Ms } from '../core/time.ts';
import { type History, type Page, refusesAccount } from '../providers/provider.ts';
import type { Providers } from '../providers/registry/registry.ts';
import type { Store } from '../store/db/open.ts';
import { cursor, readTo, setCursor } from '../store/notes/cursors.ts';
import { fileItems } from './ask.ts';
import { tellOfAccount } from './tell-of-account.ts';

export type PollDeps = { store: Store; providers: Providers; eventsSettle: Ms; now: Clock; log: Log };

const PAGE = 300;
/**
 * Pages that one pass reads of a range. The rest is read by the next pass, so that one busy domain does not hold up the
 * others.
 */
const PAGES = 40;
const OVERLAP = MINUTE;

/**
 * Reads the events of each domain by time, so that lost webhooks are found, above all a lost `delivered`, which Mailgun
 * does not repeat. Mailgun may list events late: those younger than the settle time may still be missing. So each
 * stretch of time is read twice, soon after and again when it has settled. Says how many events were new.
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
  const range = { deps, provider, history, domain };
  try {
    const settled = await readRange(range, readTo('settled', provider, domain), now - deps.eventsSettle);
    return settled + (await readRange(range, readTo('head', provider, domain), now - headStart(deps)));
  } catch (error) {
    deps.log.warn({ provider, domain, problem: wordsOf(error) }, 'events could not be polled');
    if (refusesAccount(error)) await tellOfAccount(deps.store, { provider, detail: wordsOf(error), now });
    return 0;
  }
}

/**
 * Leaves webhooks some time to come first: then what polling finds was really missing, and its share in the report
 * means something.
 */
const headStart = (deps: PollDeps): Ms => Math.min(MINUTE, deps.eventsSettle / 10);

type Range = { deps: PollDeps; provider: string; history: History; domain: string };

/** A range that was too long for one pass: its bounds, and the page that is next. */
type Unfinished = { begin: Ms; end: Ms; next: string };

/** Reads on from the cursor to `end`. The cursor moves only over events that are in the inbox. */
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
 * When one pass is not enough, the next goes on at the page where this one stopped. If it started by time alone, and
 * one minute held more events than a pass can read, it would read the same events for ever.
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
    // The provider may not know the page any more: then the range is read again from its beginning.
    if (next === null) throw error;
    return history.between(domain, range, null);
  }
}
