import { wordsOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Clock, Ms } from '../core/time.ts';
import { HOUR, MINUTE } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { cursor, setCursor } from '../store/notes/cursors.ts';
import { fileItems, type RawItem } from './ask.ts';

/** A page of a domain's events, oldest first; `next` is null on the last one. */
export type Page = { items: RawItem[]; next: string | null };

export type PollDeps = {
  store: Store;
  history: { between(domain: string, begin: Ms, end: Ms, cursor: string | null, limit: number): Promise<Page> };
  domains: readonly string[];
  eventsSettle: Ms;
  now: Clock;
  log: Log;
};

const PAGE = 300;
/** Pages a domain and pass: what is left is read on the next tick, so that one busy domain does not stop the others. */
const PAGES = 40;
const OVERLAP = MINUTE;

/**
 * Reads each domain's events by time, so that a lost webhook is found (a lost `delivered` above all, which Mailgun does
 * not repeat). Mailgun's nodes report late: events younger than the settle time may still be missing between those we
 * see. So each event is read twice, soon after it happened and again when its time has settled. Says how many were new.
 */
export async function pollEvents(deps: PollDeps): Promise<number> {
  let found = 0;
  for (const domain of deps.domains) {
    const now = deps.now();
    try {
      found += await readRange(deps, `settled:${domain}`, domain, now - deps.eventsSettle);
      found += await readRange(deps, `head:${domain}`, domain, now - headStart(deps));
    } catch (error) {
      deps.log.warn({ domain, problem: wordsOf(error) }, 'events could not be polled');
    }
  }
  return found;
}

/** Webhooks come first when they come: what is found by polling was really missing, and the share of it means something. */
const headStart = (deps: PollDeps): Ms => Math.min(MINUTE, deps.eventsSettle / 10);

/** Reads on from where the cursor stands to `end`, and moves the cursor only over what is safely in the inbox. */
async function readRange(deps: PollDeps, name: string, domain: string, end: Ms): Promise<number> {
  const start = (await cursor(deps.store, name))?.at ?? end - Math.max(deps.eventsSettle, HOUR);
  const begin = start - OVERLAP;
  if (end <= start) return 0;
  let found = 0;
  let next: string | null = null;
  let readTo = start;
  for (let page = 0; page < PAGES; page++) {
    const { items, next: following } = await deps.history.between(domain, begin, end, next, PAGE);
    found += await fileItems(deps.store, items, 'poll', deps.now());
    readTo = Math.max(readTo, ...items.map((i) => i.sighting.at));
    if (following === null || items.length === 0) {
      await setCursor(deps.store, name, '', end);
      return found;
    }
    next = following;
  }
  await setCursor(deps.store, name, '', Math.min(readTo, end));
  return found;
}
