import type Router from '@koa/router';
import { accountOf, type Faring, faringOf, oursFor, oursOf } from '../../contract/reputation.ts';
import type { Account, Read } from '../../core/care/account.ts';
import type { DnsFinding, Level } from '../../core/care/dns.ts';
import { CURRENT_FOR } from '../../core/care/standing.ts';
import { ZONES_DATE } from '../../core/care/zones.ts';
import { costWords, type ListingBody, recordWords } from '../../core/words/care.ts';
import { percent } from '../../core/words/numbers.ts';
import {
  classifiedWords,
  ownAddressWords,
  thresholdWords,
  triesWords,
  warmupWords,
} from '../../core/words/reputation.ts';
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
    const known = await accountOf(desk.store, desk.now());
    const faring = await faringOf(desk.store, known?.account ?? null, { days: DAYS, now: desk.now() });
    desk.show(ctx, 'reputation', {
      ...{ faring: shownFaring(faring), account: known && shownAccount(known.account, faring) },
      ...{ accountAt: known?.readAt ?? null, own: ownAddressWords(faring.ownAddress) },
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

const DAYS = 7;

const shownFaring = ({ addresses, pools }: Faring) => ({
  addresses: addresses.map(({ ip, provider, dedicated, pools: of, ...tries }) => ({
    ...{ ip, provider, dedicated, pools: of.join(', '), says: triesWords(tries) },
    worst: tries.mailboxes
      .filter(({ blocked }) => blocked > 0)
      .map((box) => `${box.mailbox}: ${triesWords(box)}`)
      .join('; '),
  })),
  pools: pools.map(({ name, ...tries }) => ({ name, says: triesWords(tries) })),
});

/** Each part as lines, with our own figure beside Mailgun's; or why it could not be read. */
function shownAccount({ warmups, thresholds, classified, pools, addresses }: Account, faring: Faring) {
  const lines = <T>(read: Read<readonly T[]>, of: (one: T) => [theirs: string, ours: string]) =>
    read.ok ? { why: null, lines: read.value.map(of) } : { why: read.why, lines: [] };
  return {
    unread: [addresses, pools].flatMap((read) => (read.ok ? [] : [read.why])),
    warmups: lines(warmups, (one) => [warmupWords(one), '']),
    thresholds: lines(thresholds, (one) => {
      const ours = oursOf(one, faring);
      return [thresholdWords(one), ours === null ? '–' : percent(ours)];
    }),
    classified: lines(classified, (one) => {
      const ours = oursFor(one.entity, faring);
      return [classifiedWords(one), ours === null ? '–' : triesWords(ours)];
    }),
  };
}

/** Of the last look alone. */
function latest<Body>(rows: readonly Kept<Body>[]): Kept<Body>[] {
  const last = Math.max(0, ...rows.map((row) => row.lookedAt));
  return rows.filter((row) => row.lookedAt === last);
}
