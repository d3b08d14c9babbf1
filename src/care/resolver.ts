import { Resolver } from 'node:dns/promises';
import pLimit from 'p-limit';
import { within } from '../base/wait.ts';
import { type Dns, type Found, plainName } from '../core/care/dns.ts';
import type { ZoneAnswer } from '../core/care/listing.ts';
import { safeLine, shortened } from '../core/safe-text.ts';
import { type Ms, SECOND } from '../core/time.ts';

export type ResolverOptions = {
  /** Addresses with ports; those of the system when there is none. */
  servers: readonly string[];
  /** For one question, with all that it takes to be sure of its answer. */
  timeout?: Ms;
  signal?: AbortSignal;
};

export type CareResolver = Dns & {
  /** What a blocklist answers, as it is: nothing is looked up beside it. */
  listing(name: string): Promise<ZoneAnswer>;
};

const PATIENCE: Ms = 6 * SECOND;
const AT_ONCE = 6;
/** What is longer or more is no record that mail needs. */
const MOST_RECORDS = 60;
const LONGEST = 8192;

/** It may not exist (RFC 6761, 6.4): a server that knows it makes answers up. */
const NOBODY = 'homing-care.invalid';

type Raw<T> =
  | { kind: 'found'; values: readonly T[] }
  | { kind: 'nameless' | 'empty' }
  | { kind: 'unsure'; why: string };

/**
 * Asks the DNS, and knows when it does not know. Truncated answers are asked for again by TCP. That something is not there is
 * believed of a server that knows a zone above it, as others say so of everything; and nothing is believed of one that knows
 * what can't exist. Answers are kept for as long as this lives, which is one look.
 */
export function createResolver({ servers, timeout = PATIENCE, signal }: ResolverOptions): CareResolver {
  const resolver = new Resolver({ timeout: Math.ceil(timeout / 4), tries: 2 });
  if (servers.length > 0) resolver.setServers(servers);
  signal?.addEventListener('abort', () => resolver.cancel(), { once: true });
  const limit = pLimit(AT_ONCE);
  const known = new Map<string, Promise<unknown>>();

  const ask = <T>(type: string, name: string, call: () => Promise<readonly T[]>): Promise<Raw<T>> =>
    once(`${type} ${name}`, () => limit(() => within(rawOf(call), timeout, UNANSWERED)));

  function once<T>(key: string, make: () => Promise<T>): Promise<T> {
    const made = (known.get(key) as Promise<T> | undefined) ?? make();
    known.set(key, made);
    return made;
  }

  const soa = (name: string) => ask('SOA', name, async () => [await resolver.resolveSoa(name)]);

  /** Whether the server knows a zone that the name may lie in. */
  async function knowsAbove(name: string): Promise<boolean> {
    const labels = name.split('.');
    for (const count of [2, 3, 1]) {
      const zone = labels.slice(-count).join('.');
      if (labels.length >= count && (await soa(zone)).kind === 'found') return true;
    }
    return false;
  }

  const makesUp = () => once('made up', async () => (await addressesOf(NOBODY)).kind === 'found');

  async function addressesOf(name: string): Promise<Raw<string>> {
    const both = await Promise.all([
      ask('A', name, () => resolver.resolve4(name)),
      ask('AAAA', name, () => resolver.resolve6(name)),
    ]);
    const found = both.flatMap((one) => (one.kind === 'found' ? one.values : []));
    if (found.length > 0) return { kind: 'found', values: found };
    return both.find(({ kind }) => kind === 'unsure') ?? both[0];
  }

  async function sure<T>(name: string, raw: Raw<T>): Promise<Found<T>> {
    if (raw.kind === 'unsure') return raw;
    if (await makesUp()) return { kind: 'unsure', why: 'the DNS server answers for names that can not exist' };
    if (raw.kind === 'found') return raw;
    return (await knowsAbove(name))
      ? { kind: 'none' }
      : { kind: 'unsure', why: 'the DNS server knows no zone above it' };
  }

  const question =
    <T>(type: string, call: (name: string) => Promise<readonly T[]>) =>
    async (name: string): Promise<Found<T>> =>
      sure(name, await ask(type, name, () => call(name)));

  return {
    txt: question('TXT', async (name) => (await resolver.resolveTxt(name)).map((parts) => textOf(parts.join('')))),
    mailHosts: question('MX', async (name) =>
      (await resolver.resolveMx(name)).map(({ exchange, priority }) => ({
        host: textOf(plainName(exchange)),
        priority,
      })),
    ),
    alias: question('CNAME', async (name) => (await resolver.resolveCname(name)).map((to) => textOf(plainName(to)))),
    addresses: async (name) => sure(name, await addressesOf(name)),
    reverse: async (ip) =>
      sure(
        ip.includes(':') ? 'ip6.arpa' : 'in-addr.arpa',
        await ask('PTR', ip, async () => (await resolver.reverse(ip)).map((n) => textOf(plainName(n)))),
      ),
    async listing(name) {
      const raw = await ask('A', name, () => resolver.resolve4(name));
      if (raw.kind === 'found') return { kind: 'codes', codes: raw.values };
      if (raw.kind === 'unsure') return { kind: 'blind', why: raw.why };
      return raw.kind === 'nameless' ? { kind: 'none' } : { kind: 'blind', why: HALF };
    },
  };
}

const textOf = (text: string): string => safeLine(shortened(text, LONGEST), LONGEST);

const UNANSWERED = { kind: 'unsure', why: 'the DNS server did not answer in time' } as const;
const HALF = 'it answers with neither yes nor no';

/** Of an error the code is told and never the message: it holds the name that was asked for, and that may hold a key. */
async function rawOf<T>(call: () => Promise<readonly T[]>): Promise<Raw<T>> {
  try {
    const values = await call();
    // An alias that leads to nothing of the kind, or in a circle.
    if (values.length === 0) return { kind: 'unsure', why: 'its alias (CNAME) leads nowhere' };
    return { kind: 'found', values: values.slice(0, MOST_RECORDS) };
  } catch (error) {
    const code = String((error as { code?: unknown }).code ?? 'unknown');
    if (code === 'ENOTFOUND') return { kind: 'nameless' };
    if (code === 'ENODATA') return { kind: 'empty' };
    return { kind: 'unsure', why: WHY[code] ?? `the question failed (${safeLine(code, 40)})` };
  }
}

const WHY: Readonly<Record<string, string>> = {
  ETIMEOUT: UNANSWERED.why,
  ECANCELLED: 'it was broken off',
  ESERVFAIL: 'the DNS server failed to find out (SERVFAIL)',
  EREFUSED: 'the DNS server refused to answer (REFUSED)',
  ECONNREFUSED: 'the DNS server could not be reached',
  EBADNAME: 'it is no name',
  EBADRESP: 'the answer of the DNS server could not be read',
  EFORMERR: 'the DNS server did not understand the question',
  ENOTIMP: 'the DNS server does not answer such questions',
};
