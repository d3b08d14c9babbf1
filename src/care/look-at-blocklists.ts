import type { Log } from '../base/log.ts';
import { costOf, type SeenAddress } from '../core/care/cost.ts';
import { askedName, type Listing, listingOf, SELF_TESTS, selfTestTrouble } from '../core/care/listing.ts';
import type { Verdict } from '../core/care/standing.ts';
import { type Zone, zonesBy } from '../core/care/zones.ts';
import type { Clock, Ms } from '../core/time.ts';
import { clearWords, type ListingBody, listedWords } from '../core/words/care.ts';
import type { Reputation } from '../providers/provider.ts';
import { type Kept, keepLook, type Look } from '../store/care.ts';
import type { Store } from '../store/db/open.ts';
import { type CareResolver, createResolver } from './resolver.ts';
import { isAddress, type Seen, seenOfLate } from './seen.ts';
import type { CareSettings } from './settings.ts';

export type LookDeps = {
  store: Store;
  config: Pick<CareSettings, 'DNS_SERVERS' | 'DNSBL_ZONES' | 'DNSBL_DQS_KEY'>;
  reputation: Reputation | undefined;
  now: Clock;
  log: Pick<Log, 'warn'>;
  signal?: AbortSignal;
  /** For one question to the DNS. */
  timeout?: Ms;
};

const MOST_ADDRESSES = 60;

/** Asks each blocklist about each address that mail leaves from, and keeps what they say; alerts tell of what has changed. */
export async function lookAtBlocklists(deps: LookDeps): Promise<Kept<ListingBody>[]> {
  const { store, config, now, signal, timeout } = deps;
  const zones = zonesBy(config.DNSBL_ZONES, config.DNSBL_DQS_KEY);
  const seen = await seenOfLate(store, { now, ...(signal ? { signal } : {}) });
  const addresses = await allAddresses(deps, seen);
  const resolver = createResolver({
    servers: config.DNS_SERVERS,
    ...(timeout ? { timeout } : {}),
    ...(signal ? { signal } : {}),
  });
  const looks = (await Promise.all(zones.map((zone) => askZone(resolver, zone, addresses)))).flat();
  // What was broken off says nothing of anybody.
  signal?.throwIfAborted();
  return keep(deps, zones, { looks, seen });
}

/** Those that events named, and then those that the account has. */
async function allAddresses({ reputation, log }: LookDeps, { addresses }: Seen): Promise<SeenAddress[]> {
  const own = await reputation?.ips().catch((error: unknown) => {
    log.warn({ error }, "the account's addresses could not be asked for; those that events name are looked at");
    return [];
  });
  const others = (own ?? []).filter((ip) => isAddress(ip) && !addresses.some((one) => one.ip === ip));
  const all = [...addresses, ...others.map((ip) => ({ ip, mails: 0 }))];
  if (all.length > MOST_ADDRESSES)
    log.warn(
      { addresses: all.length, asked: MOST_ADDRESSES },
      'blocklists are asked about the addresses with most mail alone',
    );
  return all.slice(0, MOST_ADDRESSES);
}

type Asked = { zone: Zone; address: SeenAddress; listing: Listing };

async function askZone(resolver: CareResolver, zone: Zone, addresses: readonly SeenAddress[]): Promise<Asked[]> {
  const families = {
    v4: addresses.filter(({ ip }) => !ip.includes(':')),
    v6: addresses.filter(({ ip }) => ip.includes(':')),
  };
  const each = await Promise.all(
    (['v4', 'v6'] as const).map(async (family) => {
      if (families[family].length === 0 || zone[family] === null) return [];
      const trouble = await selfTest(resolver, zone, family);
      return Promise.all(
        families[family].map(async (address): Promise<Asked> => {
          if (trouble !== null) return { zone, address, listing: { state: 'blind', why: trouble } };
          const answer = await resolver.listing(askedName(address.ip, zone) ?? '');
          return { zone, address, listing: listingOf(answer, zone.codes) };
        }),
      );
    }),
  );
  return each.flat();
}

async function selfTest(resolver: CareResolver, zone: Zone, family: 'v4' | 'v6'): Promise<string | null> {
  const { present, absent } = SELF_TESTS[family];
  const ask = (ip: string) => resolver.listing(askedName(ip, zone) ?? '');
  return selfTestTrouble(await ask(present), await ask(absent));
}

const VERDICTS: Record<Listing['state'], Verdict> = { listed: 'ill', clear: 'well', blind: 'unsure' };

function keep(
  { store, now }: LookDeps,
  zones: readonly Zone[],
  { looks, seen }: { looks: readonly Asked[]; seen: Seen },
): Promise<Kept<ListingBody>[]> {
  const at = now();
  const zoneOf = new Map(zones.map((zone) => [zone.name, zone]));
  const costOfIt = (body: ListingBody, since: Ms) =>
    costOf(seen.refusals, zoneOf.get(body.zone) ?? { words: [] }, { ip: body.ip, since: Math.max(since, seen.since) });
  return keepLook(
    store,
    looks.map((one) => lookOf(one, (body) => costOfIt(body, seen.since))),
    {
      ...{ kind: 'listing', at, firstIsNews: true },
      tell(news, now, before) {
        const { body } = now;
        const wasFor = before.since === null ? null : at - before.since;
        const cost = costOfIt(body, before.wellAt ?? seen.since);
        const detail = news === 'ill' ? listedWords({ ...body, cost }, now) : clearWords(body, wasFor);
        const kind = news === 'ill' ? 'ip_listed' : 'ip_clear';
        return { item_key: `${kind}:${body.ip} ${body.zone}:${at}`, incident: kind, kind, at, detail };
      },
    },
  );
}

function lookOf(
  { zone, address, listing }: Asked,
  costOfIt: (body: ListingBody) => ListingBody['cost'],
): Look<ListingBody> {
  const body: ListingBody = {
    ...{
      ip: address.ip,
      zone: zone.name,
      removal: zone.removal,
      weight: zone.weight,
      mails: address.mails,
      cost: null,
    },
    codes: listing.state === 'listed' ? listing.codes : [],
    why: listing.state === 'blind' ? listing.why : null,
  };
  const cost = listing.state === 'listed' ? costOfIt(body) : null;
  return {
    ...{ name: `${address.ip} ${zone.name}`, state: listing.state, verdict: VERDICTS[listing.state] },
    body: { ...body, cost },
  };
}
