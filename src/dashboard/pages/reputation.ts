import type Router from '@koa/router';
import type { DnsFinding, Level } from '../../core/care/dns.ts';
import { CURRENT_FOR, ZONES_DATE } from '../../core/care/zones.ts';
import { costWords, type ListingBody, recordWords } from '../../core/words/care.ts';
import { type Kept, lookedAt } from '../../store/care.ts';
import type { Desk } from '../desk/desk.ts';
import { TEXTS } from '../desk/texts.ts';

const ORDER: Record<Level, number> = { bad: 0, unsure: 1, note: 2, good: 3 };
const STATES: Record<string, number> = { listed: 0, blind: 1, clear: 2 };

/** What was found when the DNS and blocklists were looked at last. Nobody is asked for the page. */
export function addReputation(router: Router, desk: Desk): void {
  router.get('/reputation', desk.allow('support'), async (ctx) => {
    const since = desk.now() - CURRENT_FOR;
    const dns = latest(await lookedAt<DnsFinding>(desk.store, 'dns', since));
    const listings = latest(await lookedAt<ListingBody>(desk.store, 'listing', since));
    desk.show(ctx, 'reputation', {
      ...{ title: TEXTS.reputation.title, live: true, zonesDate: ZONES_DATE },
      dnsAt: dns[0]?.lookedAt ?? null,
      listingsAt: listings[0]?.lookedAt ?? null,
      records: dns
        .toSorted((a, b) => ORDER[a.body.level] - ORDER[b.body.level] || (a.name < b.name ? -1 : 1))
        .map(({ body, since: from }) => ({ ...body, from, publish: body.publish.map(recordWords) })),
      listings: listings
        .toSorted((a, b) => (STATES[a.state] ?? 0) - (STATES[b.state] ?? 0) || (a.name < b.name ? -1 : 1))
        .map(({ state, body, since: from }) => ({ ...body, state, from, cost: body.cost && costWords(body.cost) })),
    });
  });
}

/** Of the last look alone. */
function latest<Body>(rows: readonly Kept<Body>[]): Kept<Body>[] {
  const last = Math.max(0, ...rows.map((row) => row.lookedAt));
  return rows.filter((row) => row.lookedAt === last);
}
