import type { Dns, Found } from './dns.ts';

/** RFC 7208, 4.6.4: so many terms may ask the DNS, and so many of these questions may find nothing. */
const MOST_LOOKUPS = 10;
const MOST_VOIDS = 2;
const MOST_MAIL_HOSTS = 10;

/** Beyond this it does not matter any more how much too much it is. */
const ENOUGH = 40;

/** What the SPF record of a domain comes to, with all that it includes. */
export type Spf = {
  /** The record of the domain itself; with all mechanisms of the others where it has several. */
  record: string;
  /** How many there are: one, when all is well. */
  count: number;
  lookups: number;
  voids: number;
  /** The domains that are included or redirected to, at any depth. */
  includes: ReadonlySet<string>;
  /** How it ends: `-`, `~`, `?` or `+` before `all`; null when it says nothing of the others. */
  all: '-' | '~' | '?' | '+' | null;
  /** What makes receivers take it for broken (permerror). */
  problems: readonly string[];
  /** What could not be looked up. */
  unsure: readonly string[];
};

type Walk = Omit<Spf, 'record' | 'count' | 'includes' | 'problems' | 'unsure' | 'all'> & {
  dns: Dns;
  includes: Set<string>;
  problems: Set<string>;
  unsure: Set<string>;
};

const isSpf = (text: string): boolean => /^v=spf1(?: |$)/i.test(text);

/** Reads the SPF record of a domain and all that it includes; unsure when not even the first question was answered. */
export async function readSpf(domain: string, dns: Dns): Promise<Found<Spf>> {
  const found = await dns.txt(domain);
  if (found.kind !== 'found') return found;
  const records = found.values.filter(isSpf);
  const [first, ...others] = records;
  if (first === undefined) return { kind: 'none' };
  const record = withTerms(first, others.flatMap(mechanismsIn));
  const walk: Walk = {
    ...{ dns, lookups: 0, voids: 0 },
    ...{ includes: new Set<string>(), problems: new Set<string>(), unsure: new Set<string>() },
  };
  if (records.length > 1) walk.problems.add(`there are ${records.length} SPF records where one is allowed`);
  const all = await walkRecord(walk, record, [domain]);
  if (walk.lookups > MOST_LOOKUPS)
    walk.problems.add(`it takes ${walk.lookups} DNS lookups where ${MOST_LOOKUPS} are allowed`);
  if (walk.voids > MOST_VOIDS)
    walk.problems.add(`${walk.voids} of its DNS lookups find nothing where ${MOST_VOIDS} may`);
  const { lookups, voids, includes } = walk;
  return {
    kind: 'found',
    values: [
      {
        ...{ record, count: records.length, lookups, voids, includes, all },
        ...{ problems: [...walk.problems], unsure: [...walk.unsure] },
      },
    ],
  };
}

/** RFC 7208, 12: a directive, or a modifier. */
const DIRECTIVE = /^([+?~-])?(all|include|a|mx|ptr|ip4|ip6|exists)(?:([:/])(.*))?$/i;
const MODIFIER = /^([a-z][a-z0-9._-]*)=(.*)$/i;

async function walkRecord(walk: Walk, record: string, path: readonly string[]): Promise<Spf['all']> {
  const domain = path.at(-1) ?? '';
  let all: Spf['all'] = null;
  let redirect: string | null = null;
  for (const term of record.split(/ +/).slice(1).filter(Boolean)) {
    const [, sign = '+', name = '', mark, rest = ''] = DIRECTIVE.exec(term) ?? [];
    const modifier = MODIFIER.exec(term);
    if (name === '' && modifier?.[1]?.toLowerCase() === 'redirect') redirect = modifier[2] ?? '';
    else if (name === '' && !modifier) walk.problems.add(`"${term}" in the record of ${domain} is not understood`);
    // What stands behind it is never looked at.
    else if (name.toLowerCase() === 'all') {
      all = sign as Spf['all'];
      break;
    } else if (name !== '')
      await walkMechanism(walk, { name: name.toLowerCase(), target: mark === ':' ? rest : '' }, path);
  }
  return all === null && redirect !== null ? follow(walk, redirect, path) : all;
}

async function walkMechanism(
  walk: Walk,
  { name, target }: { name: string; target: string },
  path: readonly string[],
): Promise<void> {
  if (name === 'ip4' || name === 'ip6') return;
  if (name === 'include') return void (await follow(walk, target, path));
  walk.lookups++;
  const asked = target.split('/')[0] || (path.at(-1) ?? '');
  if (hasMacro(asked) || name === 'ptr' || walk.lookups > ENOUGH) return;
  if (name === 'mx') return walkMailHosts(walk, asked);
  note(walk, await walk.dns.addresses(asked), asked);
}

async function walkMailHosts(walk: Walk, domain: string): Promise<void> {
  const found = await walk.dns.mailHosts(domain);
  note(walk, found, domain);
  if (found.kind === 'found' && found.values.length > MOST_MAIL_HOSTS)
    walk.problems.add(`"mx" of ${domain} has more than ${MOST_MAIL_HOSTS} mail servers`);
}

/** Goes on with the record of another domain, as `include` and `redirect` do. */
async function follow(walk: Walk, given: string, path: readonly string[]): Promise<Spf['all']> {
  const target = given.toLowerCase().replace(/\.$/, '');
  walk.lookups++;
  if (hasMacro(target) || walk.lookups > ENOUGH) return null;
  if (path.includes(target)) {
    walk.problems.add(`it includes itself by way of ${target}`);
    return null;
  }
  walk.includes.add(target);
  const found = await walk.dns.txt(target);
  note(walk, found, target);
  if (found.kind === 'unsure') return null;
  const records = found.kind === 'found' ? found.values.filter(isSpf) : [];
  if (records.length === 1) return walkRecord(walk, records[0] ?? '', [...path, target]);
  walk.problems.add(
    records.length === 0
      ? `${target}, which it includes, has no SPF record`
      : `${target}, which it includes, has several`,
  );
  return null;
}

const hasMacro = (name: string): boolean => name.includes('%');

function note(walk: Walk, found: Found<unknown>, name: string): void {
  if (found.kind === 'none') walk.voids++;
  if (found.kind === 'unsure') walk.unsure.add(`${name}: ${found.why}`);
}

/** What a record allows, for another one of the same domain: a redirect is an include there. */
function mechanismsIn(record: string): string[] {
  const terms = record.split(/ +/).slice(1);
  const end = terms.findIndex((term) => /^[+?~-]?all$/i.test(term));
  return (end < 0 ? terms : terms.slice(0, end)).flatMap((term) => {
    const [, redirect] = /^redirect=(.+)$/i.exec(term) ?? [];
    if (redirect !== undefined) return end < 0 ? [`include:${redirect}`] : [];
    return DIRECTIVE.test(term) ? [term] : [];
  });
}

/** The record with these terms too, before its end. */
export function withTerms(record: string | undefined, terms: readonly string[]): string {
  if (record === undefined) return ['v=spf1', ...terms, '~all'].join(' ');
  const has = new Set(record.toLowerCase().split(/ +/));
  const added = [...new Set(terms)].filter((term) => !has.has(term.toLowerCase()));
  const at = / (?:[+?~-]?all|redirect=\S+)(?= |$)/i.exec(record)?.index ?? record.length;
  return [record.slice(0, at), ...added].join(' ') + record.slice(at);
}
