import { type Dns, type DnsFinding, type DnsRecord, unsureOf } from './dns.ts';
import { findingOf } from './judge-mailgun.ts';
import { readSpf, type Spf, withTerms } from './spf.ts';

/** Whether the SPF record of a domain is whole and includes these. */
export async function judgeSpf(domain: string, includes: readonly string[], dns: Dns): Promise<DnsFinding[]> {
  const about = domain;
  const found = await readSpf(domain, dns);
  if (found.kind === 'unsure') return [unsureOf('SPF', about, `the SPF record of ${domain}`, found.why)];
  const spf = found.kind === 'found' ? found.values[0] : undefined;
  const missing = includes.filter((name) => spf?.includes.has(name) !== true);
  const value = withTerms(
    spf?.record,
    missing.map((name) => `include:${name}`),
  );
  const publish = [{ name: domain, type: 'TXT', value }];
  if (!spf) return [findingOf({ topic: 'SPF', about, level: 'bad', says: `${domain} has no SPF record`, publish })];
  return [spfFinding(domain, spf, missing, publish)];
}

function spfFinding(domain: string, spf: Spf, missing: readonly string[], publish: readonly DnsRecord[]): DnsFinding {
  const base = { topic: 'SPF', about: domain } as const;
  if (spf.problems.length > 0)
    return findingOf({
      ...{ ...base, level: 'bad', publish: missing.length > 0 || spf.count > 1 ? publish : [] },
      says: `receivers take the SPF record of ${domain} for broken: ${spf.problems.join('; ')}`,
    });
  if (spf.unsure.length > 0)
    return unsureOf('SPF', domain, `all that the SPF record of ${domain} includes`, spf.unsure.slice(0, 3).join('; '));
  if (missing.length > 0)
    return findingOf({
      ...base,
      level: 'bad',
      says: `the SPF record of ${domain} does not include ${missing.join(', ')}`,
      publish,
    });
  if (spf.all === '+' || spf.all === null) {
    const end = spf.all === null ? 'says nothing of other servers' : 'allows every server in the world to send';
    return findingOf({ ...base, level: 'note', says: `the SPF record of ${domain} ${end}: end it with ~all or -all` });
  }
  return findingOf({
    ...base,
    level: 'good',
    says: `${domain} has a whole SPF record that takes ${spf.lookups} of 10 lookups`,
  });
}
