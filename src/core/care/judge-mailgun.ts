import { readDkim } from './dkim.ts';
import {
  type Dns,
  type DnsFinding,
  type DnsRecord,
  type Found,
  type Level,
  type NeededRecord,
  plainName,
  type Topic,
  unsureOf,
} from './dns.ts';

/** A domain that is sent from, with what its provider says of it. */
export type SendingCase = {
  domain: string;
  needed: Found<NeededRecord>;
  /** Null when the provider could not be asked. */
  tracks: boolean | null;
};

export type Judged = { topic: Topic; about: string; level: Level; says: string; publish?: readonly DnsRecord[] };
export const findingOf = ({ publish = [], ...rest }: Judged): DnsFinding => ({ ...rest, publish });

/** The records that mail of a domain through Mailgun needs, against what the DNS says; of its SPF record see `judgeEnvelopes`. */
export async function judgeSending({ domain, needed, tracks }: SendingCase, dns: Dns): Promise<DnsFinding[]> {
  if (needed.kind === 'unsure') return [unsureOf('DNS', domain, `what Mailgun wants of ${domain}`, needed.why)];
  const wanted = needed.kind === 'found' ? needed.values : [];
  const of = (use: NeededRecord['use']) => wanted.filter((record) => record.use === use);
  const dkim = await Promise.all(of('DKIM').map((record) => judgeKey(record, dns)));
  const tracking = await Promise.all(of('tracking').map((record) => judgeAlias(record, dns, tracks)));
  return [
    ...(of('DKIM').length > 0 ? dkim : [noKey(domain)]),
    await judgeMailHosts(domain, of('MX'), dns),
    ...tracking,
  ];
}

const noKey = (domain: string): DnsFinding =>
  findingOf({
    ...{ topic: 'DKIM', about: domain, level: 'unsure' },
    says: `Mailgun names no DKIM record of ${domain}, so there is nothing to compare`,
  });

/** One record of a key, as Mailgun wants it. */
async function judgeKey(record: NeededRecord, dns: Dns): Promise<DnsFinding> {
  const { name, type, value } = record;
  const base = { topic: 'DKIM', about: name } as const;
  const publish = [{ name, type, value }];
  if (type === 'CNAME') {
    const alias = await dns.alias(name);
    if (alias.kind === 'unsure') return unsureOf('DKIM', name, name, alias.why);
    if (alias.kind === 'found' && alias.values[0] !== plainName(value))
      return findingOf({
        ...base,
        level: 'bad',
        says: `${name} leads to ${alias.values[0]} and not to ${value}`,
        publish,
      });
  }
  const live = await dns.txt(name);
  if (live.kind === 'unsure') return unsureOf('DKIM', name, name, live.why);
  if (live.kind === 'none')
    return findingOf({ ...base, level: 'bad', says: `there is no DKIM key at ${name}`, publish });
  const wanted = type === 'TXT' ? readDkim(value) : null;
  return keyFinding(name, live.values, { wanted: wanted?.kind === 'key' ? wanted.key : null, publish });
}

type Wanted = { wanted: string | null; publish: readonly DnsRecord[] };

/** What the records at the name of a key say; `wanted` is the key that mail is signed with, where it is known. */
export function keyFinding(name: string, texts: readonly string[], { wanted, publish }: Wanted): DnsFinding {
  const base = { topic: 'DKIM', about: name } as const;
  const keys = texts.flatMap((text) => readDkim(text) ?? []);
  const [key] = keys;
  if (!key) return findingOf({ ...base, level: 'bad', says: `what stands at ${name} is no DKIM key`, publish });
  if (keys.length > 1)
    return findingOf({ ...base, level: 'bad', says: `${name} has several keys where one is allowed`, publish });
  if (key.kind === 'revoked')
    return findingOf({ ...base, level: 'bad', says: `the key at ${name} is revoked (p= is empty)`, publish });
  if (key.kind === 'broken') return findingOf({ ...base, level: 'bad', says: `${name}: ${key.why}`, publish });
  if (wanted !== null && key.key !== wanted)
    return findingOf({
      ...base,
      level: 'bad',
      says: `the key at ${name} is not the one that mail is signed with`,
      publish,
    });
  if (key.bits !== null && key.bits < 1024)
    return findingOf({
      ...base,
      level: 'bad',
      says: `the key at ${name} has ${key.bits} bits: receivers ignore less than 1024`,
    });
  if (key.bits !== null && key.bits < 2048)
    return findingOf({
      ...base,
      level: 'note',
      says: `the key at ${name} has ${key.bits} bits: 2048 are usual, ask for a new one`,
    });
  return findingOf({ ...base, level: 'good', says: `the key at ${name} is right` });
}

/** Bounces and replies come by it; and many servers refuse mail of a domain that takes none. */
async function judgeMailHosts(domain: string, needed: readonly NeededRecord[], dns: Dns): Promise<DnsFinding> {
  const base = { topic: 'MX', about: domain } as const;
  const publish = needed.map(({ name, value }) => ({ name, type: 'MX', value: `10 ${value}` }));
  const live = await dns.mailHosts(domain);
  if (live.kind === 'unsure') return unsureOf('MX', domain, `the mail servers of ${domain}`, live.why);
  const hosts = live.kind === 'found' ? live.values.map(({ host }) => host) : [];
  if (hosts.length === 1 && hosts[0] === '')
    return findingOf({
      ...base,
      level: 'bad',
      says: `${domain} says that it takes no mail (null MX): servers refuse mail from it`,
      publish,
    });
  if (hosts.length === 0) {
    const address = await dns.addresses(domain);
    if (address.kind === 'unsure') return unsureOf('MX', domain, `the address of ${domain}`, address.why);
    if (address.kind === 'none')
      return findingOf({
        ...base,
        level: 'bad',
        says: `${domain} has neither a mail server (MX) nor an address: servers refuse mail from it`,
        publish,
      });
  }
  const isTheirs = needed.every(({ value }) => hosts.includes(plainName(value)));
  if (!isTheirs)
    return findingOf({
      ...base,
      level: 'note',
      says: `replies to ${domain} and late bounces do not go to Mailgun: ${hosts.join(', ') || 'it has no MX'}`,
    });
  return findingOf({ ...base, level: 'good', says: `mail to ${domain} goes to ${hosts.join(', ') || domain}` });
}

async function judgeAlias({ name, value }: NeededRecord, dns: Dns, tracks: boolean | null): Promise<DnsFinding> {
  const base = { topic: 'tracking', about: name } as const;
  const publish = [{ name, type: 'CNAME', value }];
  const live = await dns.alias(name);
  if (live.kind === 'unsure') return unsureOf('tracking', name, name, live.why);
  if (live.kind === 'found' && live.values[0] === plainName(value))
    return findingOf({ ...base, level: 'good', says: `${name} leads to Mailgun` });
  if (live.kind === 'none') {
    const address = await dns.addresses(name);
    if (address.kind === 'unsure') return unsureOf('tracking', name, `the address of ${name}`, address.why);
    if (address.kind === 'found')
      return findingOf({
        ...{ ...base, level: 'note', publish },
        says: `${name} has addresses of its own and no CNAME: whether they are those of Mailgun can not be told`,
      });
  }
  const level = tracks === true ? 'bad' : 'note';
  const harm = tracks === true ? ': links in mail lead nowhere' : ', which matters once opens or clicks are tracked';
  const where = live.kind === 'found' ? `leads to ${live.values[0]} and not to ${value}` : 'does not exist';
  return findingOf({ ...base, level, says: `${name} ${where}${harm}`, publish });
}
