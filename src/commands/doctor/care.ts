import { isWatching } from '../../care/settings.ts';
import type { Config } from '../../config/config.ts';
import type { DnsFinding } from '../../core/care/dns.ts';
import { CURRENT_FOR } from '../../core/care/standing.ts';
import type { Ms } from '../../core/time.ts';
import { type ListingBody, listedWords, recordWords } from '../../core/words/care.ts';
import { timeWords } from '../../core/words/numbers.ts';
import { type Kept, lookedAt } from '../../store/care.ts';
import type { Store } from '../../store/db/open.ts';
import { plural } from '../common/terminal.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** What the daemons found when they looked last: nobody is asked for it. Nothing is said where none looks. */
export async function checkCare(store: Store, config: Config, now: Ms): Promise<Finding[]> {
  const [dns, listings] = await Promise.all([
    lookedAt<DnsFinding>(store, 'dns', now - CURRENT_FOR),
    lookedAt<ListingBody>(store, 'listing', now - CURRENT_FOR),
  ]);
  const isQuiet = !isWatching(config);
  return [
    ...(dns.length === 0 ? unlooked(isQuiet, 'DNS records', 'homing dns') : records(latest(dns))),
    ...(listings.length === 0 ? unlooked(isQuiet, 'blocklists', 'homing blocklists') : lists(latest(listings))),
  ];
}

const unlooked = (isQuiet: boolean, check: 'DNS records' | 'blocklists', command: string): Finding[] =>
  isQuiet ? [] : [ok(check, `not looked at in the last days; "${command}" looks now`)];

/** Of the last look alone: what it did not come to is not so any more. */
const latest = <Body>(rows: readonly Kept<Body>[]): Kept<Body>[] => {
  const last = Math.max(...rows.map((row) => row.lookedAt));
  return rows.filter((row) => row.lookedAt === last);
};

function records(rows: readonly Kept<DnsFinding>[]): Finding[] {
  const bad = rows.filter(({ state }) => state === 'bad');
  const unsure = rows.filter(({ state }) => state === 'unsure');
  const at = timeWords(rows[0]?.lookedAt ?? 0);
  const found = bad.map(({ body: { topic, says, publish } }) => {
    const mend = publish.length > 0 ? `publish ${publish.map(recordWords).join('; ')}` : 'see "homing dns"';
    return problem('DNS records', `${topic}: ${says} (${at})`, mend);
  });
  if (unsure.length > 0)
    found.push(
      warning(
        'DNS records',
        `${plural(unsure.length, 'record', 'records')} could not be looked up at ${at}: ${unsure[0]?.body.says}`,
        'look again with "homing dns", or name another server in DNS_SERVERS',
      ),
    );
  return found.length > 0 ? found : [ok('DNS records', `right at ${at}`)];
}

function lists(rows: readonly Kept<ListingBody>[]): Finding[] {
  const listed = rows.filter(({ state }) => state === 'listed');
  const blind = new Map(rows.flatMap(({ state, body }) => (state === 'blind' ? [[body.zone, body.why ?? '']] : [])));
  const found = listed.map((row) => {
    const status = row.body.weight === 'high' ? problem : warning;
    return status('blocklists', listedWords(row.body, row), 'end it there, or tell the provider whose address it is');
  });
  if (blind.size > 0) {
    const [[zone, why] = ['', '']] = blind;
    const says = `${plural(blind.size, 'list is', 'lists are')} blind, such as ${zone}: ${why}`;
    found.push(
      warning('blocklists', says, `name a server of your own in DNS_SERVERS, or leave it out (DNSBL_ZONES=-${zone})`),
    );
  }
  return found.length > 0
    ? found
    : [ok('blocklists', `none lists an address of ours at ${timeWords(rows[0]?.lookedAt ?? 0)}`)];
}
