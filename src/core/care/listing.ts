import type { Zone } from './zones.ts';

/** What a blocklist answered. */
export type ZoneAnswer =
  | { kind: 'codes'; codes: readonly string[] }
  /** The name does not exist: the address is not listed. */
  | { kind: 'none' }
  | { kind: 'blind'; why: string };

/** How an address stands with a blocklist. `blind` is neither listed nor clear. */
export type Listing =
  | { state: 'listed'; codes: readonly string[] }
  | { state: 'clear' }
  | { state: 'blind'; why: string };

/**
 * Names by which a zone is asked for addresses: RFC 5782, 2.1 and 2.4. Null for an address that it does not list at all, or
 * that is none.
 */
export function askedName(ip: string, { v4, v6 }: Pick<Zone, 'v4' | 'v6'>): string | null {
  const zone = ip.includes(':') ? v6 : v4;
  const digits = ip.includes(':') ? nibbles(ip) : octets(ip);
  return zone === null || digits === null ? null : `${digits.toReversed().join('.')}.${zone}`;
}

const octets = (ip: string): string[] | null => (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(ip) ? ip.split('.') : null);

/** The 32 digits of an address, first one first. */
function nibbles(ip: string): string[] | null {
  const url = `http://[${ip}]`;
  if (!URL.canParse(url)) return null;
  const [head = '', tail] = new URL(url).hostname.slice(1, -1).split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const after = groups(tail ?? '');
  const before = groups(head);
  const between = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...between, ...after].flatMap((group) => [...group.padStart(4, '0')]);
}

/** Entries that every zone has, and has not (RFC 5782, 5). */
export const SELF_TESTS = {
  v4: { present: '127.0.0.2', absent: '127.0.0.1' },
  v6: { present: '::ffff:7f00:2', absent: '::ffff:7f00:1' },
} as const;

/** Null when what a zone says of those entries lets it be believed; else what is wrong with it. */
export function selfTestTrouble(present: ZoneAnswer, absent: ZoneAnswer): string | null {
  const here = listingOf(present, null);
  if (here.state === 'blind') return here.why;
  if (here.state === 'clear') return 'it does not list its test entry: it is dead, or does not answer us';
  const there = listingOf(absent, null);
  if (there.state === 'blind') return there.why;
  return there.state === 'listed' ? 'it lists an address that it must not list: it lists the world' : null;
}

/** What an answer means; `bad` are the codes that stand for a listing where not all do. */
export function listingOf(answer: ZoneAnswer, bad: readonly string[] | null): Listing {
  if (answer.kind === 'blind') return { state: 'blind', why: answer.why };
  if (answer.kind === 'none') return { state: 'clear' };
  const strange = answer.codes.map(strangeness).find((why) => why !== null);
  if (strange !== undefined && strange !== null) return { state: 'blind', why: strange };
  const codes = bad === null ? answer.codes : answer.codes.filter((code) => bad.includes(code));
  return codes.length === 0 ? { state: 'clear' } : { state: 'listed', codes };
}

/** Why a code says nothing of the address; null for one that does. */
function strangeness(code: string): string | null {
  if (!code.startsWith('127.')) return 'it answers with an address that is no code: its name belongs to somebody else';
  if (code in ERRORS) return ERRORS[code] ?? null;
  return code.startsWith('127.255.255.') ? `it refuses to answer (${code})` : null;
}

/** Spamhaus and others: an answer about the question, not about the address. */
const ERRORS: Readonly<Record<string, string>> = {
  '127.0.0.1': 'it refuses to answer (127.0.0.1)',
  '127.0.0.255': 'it refuses to answer (127.0.0.255)',
  '127.0.1.255': 'it takes no addresses (127.0.1.255)',
  '127.255.255.252': 'its name is written wrongly (127.255.255.252)',
  '127.255.255.254':
    'it refuses our DNS server as a public one (127.255.255.254): name another in DNS_SERVERS, or set a key',
  '127.255.255.255':
    'it was asked too much by our DNS server (127.255.255.255): name another in DNS_SERVERS, or set a key',
};
