import type { Cost } from '../care/cost.ts';
import { codeWords } from '../care/cost.ts';
import type { DnsFinding, DnsRecord } from '../care/dns.ts';
import type { Ms } from '../time.ts';
import { lengthWords, timeWords } from './numbers.ts';

/** A record as it is published. */
export const recordWords = ({ name, type, value }: DnsRecord): string =>
  `${name} ${type} ${type === 'TXT' ? `"${value}"` : value}`;

/** A finding about the DNS with what to publish. */
export const dnsWords = ({ says, publish }: Pick<DnsFinding, 'says' | 'publish'>): string =>
  publish.length === 0 ? says : `${says}. Publish: ${publish.map(recordWords).join('; ')}`;

/** How an address stands with a blocklist, as it is kept. */
export type ListingBody = {
  ip: string;
  zone: string;
  codes: readonly string[];
  /** Why nobody can tell, where that is so. */
  why: string | null;
  removal: string | null;
  weight: 'high' | 'medium' | 'low';
  /** Reports of late that named the address. */
  mails: number;
  cost: Cost | null;
};

/** "192.0.2.7 is listed at bl.example.net", with all that is known of it. */
export function listedWords(body: ListingBody, { since, wellAt }: { since: Ms | null; wellAt: Ms | null }): string {
  const { ip, zone, codes, removal, cost } = body;
  const when = since === null ? '' : ` since ${timeWords(since)}`;
  const before = wellAt === null ? '' : ` (it was not at ${timeWords(wellAt)})`;
  return [
    `${ip} is listed at ${zone}${when}${before}: ${codeWords(zone, codes)}`,
    ...(cost === null ? [] : [costWords(cost)]),
    ...(removal === null ? [] : [`Look it up, and have it removed: ${removal}`]),
  ].join('. ');
}

/** "2 of 900 refusals of that time named it". */
export const costWords = ({ refusals, named, since }: Cost): string =>
  refusals === 0
    ? `no refusal of mail is known since ${timeWords(since)}`
    : `${named} of ${refusals} refusals since ${timeWords(since)} named it`;

export const clearWords = ({ ip, zone }: Pick<ListingBody, 'ip' | 'zone'>, listedFor: Ms | null): string =>
  `${ip} is no longer listed at ${zone}${listedFor === null ? '' : `, after ${lengthWords(listedFor)}`}`;

export const blindWords = ({ ip, zone, why }: Pick<ListingBody, 'ip' | 'zone' | 'why'>): string =>
  `whether ${zone} lists ${ip} can not be told: ${why}`;
