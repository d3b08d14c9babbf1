import { tagsOf } from './dkim.ts';
import type { Dns, Found } from './dns.ts';

/** A DMARC record, RFC 9989, 4.7: what is not said is as the standard says. */
export type Dmarc = {
  text: string;
  policy: 'none' | 'quarantine' | 'reject' | null;
  /** For domains below, and for those below that do not exist. */
  below: string | null;
  missing: string | null;
  psd: 'y' | 'n' | 'u';
  strictDkim: boolean;
  strictSpf: boolean;
  isTest: boolean;
  reportsTo: string | null;
  /** Tags that RFC 9989 has done away with. */
  gone: readonly string[];
};

/** What a walk up the tree has found: RFC 9989, 4.10. */
export type DmarcWalk = {
  /** The record that holds for the domain, and where it stands; null when there is none. */
  record: Dmarc | null;
  at: string | null;
  /** The tag that the policy comes from. */
  tag: 'p' | 'sp';
  /** The organization that the domain belongs to. */
  organization: string;
  /** Domains with more than one record: none of them counts. */
  several: readonly string[];
};

/** Null for a text that is no DMARC record. The version is compared letter by letter and comes first. */
export function readDmarc(text: string): Dmarc | null {
  if (!/^v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)/i.test(text) || !/^.[ \t]*=[ \t]*DMARC1/.test(text)) return null;
  const tags = tagsOf(text);
  const said = (name: string) => tags.get(name)?.toLowerCase() ?? null;
  const psd = said('psd');
  return {
    text,
    policy: policyOf(said('p'), tags.has('rua')),
    below: said('sp'),
    missing: said('np'),
    psd: psd === 'y' || psd === 'n' ? psd : 'u',
    strictDkim: said('adkim') === 's',
    strictSpf: said('aspf') === 's',
    isTest: said('t') === 'y',
    reportsTo: tags.get('rua') ?? null,
    gone: ['pct', 'rf', 'ri'].filter((tag) => tags.has(tag)),
  };
}

/** Without a policy that can be read, and with an address for reports, it counts as `none` (4.10.1). */
function policyOf(text: string | null, hasReports: boolean): Dmarc['policy'] {
  if (text === 'none' || text === 'quarantine' || text === 'reject') return text;
  return hasReports || text === null ? 'none' : null;
}

/** The domains that a walk from one looks at: eight at most, the last one the top of the tree (4.10). */
export function walkOf(domain: string): string[] {
  const labels = domain.split('.');
  const rest = labels.length >= 8 ? labels.slice(-7) : labels.slice(1);
  return [domain, ...rest.map((_, n) => rest.slice(n).join('.'))];
}

/** Unsure when a question on the way was not answered: another record may hold then. */
export async function walkDmarc(domain: string, dns: Dns): Promise<Found<DmarcWalk>> {
  const found: { at: string; record: Dmarc }[] = [];
  const several: string[] = [];
  for (const at of walkOf(domain)) {
    const answer = await dns.txt(`_dmarc.${at}`);
    if (answer.kind === 'unsure') return { kind: 'unsure', why: `_dmarc.${at}: ${answer.why}` };
    const records = answer.kind === 'found' ? answer.values.flatMap((text) => readDmarc(text) ?? []) : [];
    if (records.length > 1) several.push(at);
    const [record] = records;
    if (record === undefined || records.length > 1) continue;
    found.push({ at, record });
    if (record.psd !== 'u') break;
  }
  const organization = organizationOf(domain, found);
  const holds =
    found.find(({ at }) => at === domain) ?? found.find(({ at }) => at === organization) ?? found.at(-1) ?? null;
  return {
    kind: 'found',
    values: [
      {
        ...{ record: holds?.record ?? null, at: holds?.at ?? null, organization, several },
        tag: holds !== null && holds.at !== domain && holds.record.below !== null ? 'sp' : 'p',
      },
    ],
  };
}

/** 4.10.2; `found` begins with the longest domain. */
function organizationOf(domain: string, found: readonly { at: string; record: Dmarc }[]): string {
  const own = found.find(({ record }) => record.psd === 'n');
  if (own) return own.at;
  const suffix = found.find(({ at, record }) => record.psd === 'y' && at !== domain);
  if (suffix)
    return domain
      .split('.')
      .slice(-(suffix.at.split('.').length + 1))
      .join('.');
  return found.at(-1)?.at ?? domain;
}

/** Whether a domain that was proved stands for the one in From (4.4): the same, or of the same organization. */
export const isAligned = (
  from: { domain: string; organization: string },
  proved: { domain: string; organization: string },
  isStrict: boolean,
): boolean => from.domain === proved.domain || (!isStrict && from.organization === proved.organization);
