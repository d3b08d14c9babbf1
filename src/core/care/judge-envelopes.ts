import type { Dns, DnsFinding, NeededRecord } from './dns.ts';
import type { AuthorCase, WaysCase } from './judge-authors.ts';
import type { SendingCase } from './judge-mailgun.ts';
import { judgeSpf } from './judge-spf.ts';
import { wantsSpf } from './senders.ts';

type EnvelopesCase = WaysCase & { sending: readonly SendingCase[]; authors: readonly AuthorCase[] };

/**
 * The SPF record of each domain that stands in envelopes, against all who send with it: a domain can have only one. Of a domain
 * whose provider did not say what it wants nothing is told.
 */
export async function judgeEnvelopes(
  { sending, authors, secondaries, bounceDomain }: EnvelopesCase,
  dns: Dns,
): Promise<DnsFinding[]> {
  const wanted = new Map<string, Set<string>>();
  const add = (domain: string, includes: readonly string[]) =>
    wanted.set(domain, new Set([...(wanted.get(domain) ?? []), ...includes]));
  for (const { domain, needed } of sending) add(domain, needed.kind === 'found' ? includesOf(needed.values) : []);
  const others = secondaries.flatMap((sender) => (wantsSpf(sender) ? [sender.include] : []));
  if (others.length > 0) for (const { author } of authors) add(bounceDomain ?? author, others);
  for (const { domain, needed } of sending) if (needed.kind === 'unsure') wanted.delete(domain);
  const each = await Promise.all([...wanted].map(([domain, includes]) => judgeSpf(domain, [...includes], dns)));
  return each.flat();
}

const includesOf = (records: readonly NeededRecord[]): string[] =>
  records
    .filter(({ use }) => use === 'SPF')
    .flatMap(({ value }) => [...value.matchAll(/ include:(\S+)/gi)].map(([, name = '']) => name.toLowerCase()));
