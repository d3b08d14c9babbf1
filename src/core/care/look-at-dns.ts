import type { Dns, DnsFinding } from './dns.ts';
import { type AuthorCase, judgeAuthor, type WaysCase } from './judge-authors.ts';
import { judgeEnvelopes } from './judge-envelopes.ts';
import { judgeSending, type SendingCase } from './judge-mailgun.ts';
import { judgeReverse } from './judge-reverse.ts';

export type DnsCase = WaysCase & {
  sending: readonly SendingCase[];
  authors: readonly AuthorCase[];
  ips: readonly string[];
};

/** All that there is to say of the DNS of a sender. Of what two cases come to, one is told. */
export async function lookAtDns({ sending, authors, ips, ...ways }: DnsCase, dns: Dns): Promise<DnsFinding[]> {
  const each = [
    await judgeEnvelopes({ sending, authors, ...ways }, dns),
    ...(await Promise.all(sending.map((one) => judgeSending(one, dns)))),
    ...(await Promise.all(authors.map((one) => judgeAuthor(one, ways, dns)))),
    await Promise.all(ips.map((ip) => judgeReverse(ip, dns))),
  ];
  return [...new Map(each.flat().map((one) => [keyOf(one), one])).values()];
}

export const keyOf = ({ topic, about }: Pick<DnsFinding, 'topic' | 'about'>): string => `${topic} ${about}`;
