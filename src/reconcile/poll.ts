import { wordsOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { type Clock, HOUR, MINUTE, type Ms } from '../core/time.ts';
import { type History, type RawItem, refusesAccount } from '../providers/provider.ts';
import type { Providers } from '../providers/registry/registry.ts';
import type { Store } from '../store/db/open.ts';
import { cursor, readTo, setCursor } from '../store/notes/cursors.ts';
import { fileItems } from './ask.ts';
import { type Rest, readPages } from './read-pages.ts';
import { tellOfAccount } from './tell-of-account.ts';

export type PollDeps = { store: Store; providers: Providers; eventsSettle: Ms; now: Clock; log: Log };

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

/** Reads on from the cursor to `end`. The cursor moves only over events that are in the inbox. */
async function readRange({ deps, provider, history, domain }: Range, name: string, end: Ms): Promise<number> {
  const { store, eventsSettle, log } = deps;
  const known = await cursor(store, name);
  const start = known?.at ?? end - Math.max(eventsSettle, HOUR);
  const rest = restIn(known?.value);
  if (!rest && end <= start) return 0;
  const range = rest ?? { begin: start - OVERLAP, end, next: null };
  const keepItems = (items: readonly RawItem[]) =>
    fileItems(store, provider, { history, items, source: 'poll', now: deps.now() });
  const skipped = (at: Ms) => log.warn({ provider, domain, at }, 'an event is too large to be read');
  const keepRest = (left: Rest | null) =>
    setCursor(store, name, left ? JSON.stringify(left) : '', left ? start : Math.max(start, range.end));
  return readPages({ history, domain, keepItems, keepRest, skipped }, range);
}

const restIn = (value: string | undefined): Rest | null => (value ? (JSON.parse(value) as Rest) : null);
