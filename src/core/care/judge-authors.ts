import { type DmarcWalk, isAligned, walkDmarc } from './dmarc.ts';
import { type Dns, type DnsFinding, unsureOf } from './dns.ts';
import { findingOf, keyFinding } from './judge-mailgun.ts';
import { judgeSpf } from './judge-spf.ts';
import { type Sender, wantsSpf } from './senders.ts';

/** A domain that stands in From, and the domains of Mailgun by which its mail goes. */
export type AuthorCase = { author: string; by: readonly string[] };

export type WaysCase = {
  secondaries: readonly Sender[];
  /** What stands in the envelopes of mail that leaves by SMTP; null for the domain of the sender. */
  bounceDomain: string | null;
};

/** What receivers make of mail that bears this domain: its DMARC record, and whether each way of sending stands for it. */
export async function judgeAuthor({ author, by }: AuthorCase, ways: WaysCase, dns: Dns): Promise<DnsFinding[]> {
  const walked = await walkDmarc(author, dns);
  const walk = walked.kind === 'found' ? walked.values[0] : undefined;
  const policy = walk
    ? policyFindings(author, walk)
    : [unsureOf('DMARC', author, `the DMARC record of ${author}`, walked.kind === 'unsure' ? walked.why : '')];
  const through = await Promise.all(by.map((domain) => throughMailgun(author, domain, walk, dns)));
  const others = await Promise.all(
    ways.secondaries.map((sender) => throughSecondary(author, sender, { ...ways, walk, dns })),
  );
  return [...policy, ...through.flat(), ...others.flat()];
}

function policyFindings(author: string, walk: DmarcWalk): DnsFinding[] {
  const base = { topic: 'DMARC', about: author } as const;
  const publish = [
    {
      name: `_dmarc.${walk.organization}`,
      type: 'TXT',
      value: `v=DMARC1; p=none; rua=mailto:dmarc@${walk.organization}`,
    },
  ];
  // A record of its own holds whatever stands above.
  if (walk.several.length > 0 && walk.at !== author)
    return [
      findingOf({
        ...base,
        level: 'bad',
        says: `_dmarc.${walk.several[0]} has several DMARC records, so none of them counts`,
      }),
    ];
  const { record, at } = walk;
  if (record === null)
    return [
      findingOf({ ...base, level: 'bad', says: `${author} has no DMARC record: large receivers ask for one`, publish }),
    ];
  if (record.policy === null)
    return [
      findingOf({
        ...base,
        level: 'bad',
        says: `the DMARC record at _dmarc.${at} has no policy that can be read, so it does not count`,
        publish,
      }),
    ];
  const notes = [
    ...(record.reportsTo === null ? ['nobody gets its reports: add rua=mailto:…'] : []),
    ...(record.isTest ? ['it is a test (t=y): its policy is not applied'] : []),
    ...(record.gone.length > 0 ? [`${record.gone.join(', ')} no longer counts (RFC 9989)`] : []),
  ];
  const policy = walk.tag === 'sp' ? record.below : record.policy;
  const holds = `the DMARC record at _dmarc.${at} holds (${walk.tag}=${policy})`;
  if (notes.length > 0) return [findingOf({ ...base, level: 'note', says: `${holds}; ${notes.join('; ')}` })];
  return [findingOf({ ...base, level: 'good', says: holds })];
}

/** Mailgun signs with the sending domain, and has it in the envelope as well. */
async function throughMailgun(
  author: string,
  domain: string,
  walk: DmarcWalk | undefined,
  dns: Dns,
): Promise<DnsFinding[]> {
  const about = `${author} by mailgun (${domain})`;
  if (!walk?.record) return [];
  const other = author === domain ? null : await walkDmarc(domain, dns);
  if (other?.kind === 'unsure') return [unsureOf('alignment', about, `the organization of ${domain}`, other.why)];
  const organization = other?.kind === 'found' ? (other.values[0]?.organization ?? domain) : walk.organization;
  const from = { domain: author, organization: walk.organization };
  const proved = { domain, organization };
  const { strictDkim, strictSpf } = walk.record;
  const isGood = isAligned(from, proved, strictDkim) || isAligned(from, proved, strictSpf);
  const base = { topic: 'alignment', about } as const;
  if (isGood)
    return [findingOf({ ...base, level: 'good', says: `mail of ${author} through ${domain} is aligned with it` })];
  const why =
    organization === walk.organization
      ? 'its DMARC record wants the very domain (adkim=s, aspf=s)'
      : 'they are of different organizations';
  return [
    findingOf({
      ...base,
      level: 'bad',
      says: `mail of ${author} through ${domain} fails DMARC: ${why}; send it through a domain of its own`,
    }),
  ];
}

type Way = WaysCase & { walk: DmarcWalk | undefined; dns: Dns };

async function throughSecondary(
  author: string,
  sender: Sender,
  { bounceDomain, walk, dns }: Way,
): Promise<DnsFinding[]> {
  const by = `by ${sender.provider}`;
  const envelope = bounceDomain ?? author;
  // Told with what others want of the same record.
  const spf = wantsSpf(sender) ? await judgeSpf(envelope, [sender.include], dns) : [];
  const findings = await judgeSelectors(author, sender, dns);
  if (!walk?.record || sender.selectors.length === 0) return findings;
  const isSigned = findings.some(({ level }) => level === 'good' || level === 'note');
  const isSpfRight = spf.some(({ level }) => level !== 'bad' && level !== 'unsure');
  if (isSigned) return [...findings, aligned(author, sender, 'signs for it')];
  if (isSpfRight && (await isSameOrganization(author, envelope, walk, dns)))
    return [...findings, aligned(author, sender, 'may send for it')];
  if ([...spf, ...findings].some(({ level }) => level === 'unsure')) return findings;
  return [
    ...findings,
    findingOf({
      ...{ topic: 'alignment', about: `${author} ${by}`, level: 'bad' },
      says: `mail of ${author} through ${sender.provider} fails DMARC: it neither signs for ${author} nor is named in its SPF record; set the domain up there, and publish the records that it shows`,
    }),
  ];
}

const aligned = (author: string, { provider }: Sender, how: string): DnsFinding =>
  findingOf({
    topic: 'alignment',
    about: `${author} by ${provider}`,
    level: 'good',
    says: `mail of ${author} through ${provider} is aligned: it ${how}`,
  });

async function isSameOrganization(author: string, envelope: string, walk: DmarcWalk, dns: Dns): Promise<boolean> {
  const other = envelope === author ? null : await walkDmarc(envelope, dns);
  const organization = other?.kind === 'found' ? (other.values[0]?.organization ?? envelope) : walk.organization;
  if (other?.kind === 'unsure') return false;
  const from = { domain: author, organization: walk.organization };
  return isAligned(from, { domain: envelope, organization }, walk.record?.strictSpf === true);
}

/** Whether a key stands at one of the names that the provider signs with. */
async function judgeSelectors(author: string, { provider, selectors }: Sender, dns: Dns): Promise<DnsFinding[]> {
  const about = `${author} by ${provider}`;
  if (selectors.length === 0)
    return [
      findingOf({
        ...{ topic: 'DKIM', about, level: 'note' },
        says: `with which key ${provider} signs is not known: name its selector in DKIM_SELECTORS (${provider}=selector)`,
      }),
    ];
  const names = selectors.map((selector) => `${selector}._domainkey.${author}`);
  const answers = await Promise.all(names.map((name) => dns.txt(name)));
  const found = answers.flatMap((answer, n) =>
    answer.kind === 'found' ? [keyFinding(names[n] ?? '', answer.values, { wanted: null, publish: [] })] : [],
  );
  const best = found.find(({ level }) => level === 'good') ?? found.find(({ level }) => level === 'note') ?? found[0];
  if (best) return [{ ...best, about }];
  const unsure = answers.find((answer) => answer.kind === 'unsure');
  if (unsure?.kind === 'unsure')
    return [unsureOf('DKIM', about, `the key with which ${provider} signs for ${author}`, unsure.why)];
  return [
    findingOf({
      ...{ topic: 'DKIM', about, level: 'bad' },
      says: `there is no key with which ${provider} could sign for ${author}, at none of ${names.join(', ')}; publish what it shows for the domain`,
    }),
  ];
}
