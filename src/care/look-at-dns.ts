import { wordsOf } from '../base/errors.ts';
import type { DnsFinding, Level } from '../core/care/dns.ts';
import type { SendingCase } from '../core/care/judge-mailgun.ts';
import { keyOf, lookAtDns as lookAtCase } from '../core/care/look-at-dns.ts';
import { senderOf } from '../core/care/senders.ts';
import type { Verdict } from '../core/care/standing.ts';
import { safeLine } from '../core/safe-text.ts';
import { dnsWords } from '../core/words/care.ts';
import type { Reputation } from '../providers/provider.ts';
import { type Kept, keepLook } from '../store/care.ts';
import { recentAuthors } from '../store/care-seen.ts';
import type { LookDeps } from './look-at-blocklists.ts';
import { createResolver } from './resolver.ts';
import { seenOfLate } from './seen.ts';
import type { CareSettings } from './settings.ts';

export type DnsDeps = Omit<LookDeps, 'config'> & {
  config: Pick<CareSettings, 'DNS_SERVERS' | 'DKIM_SELECTORS'> & { BOUNCE_DOMAIN?: string | undefined };
  domains: readonly string[];
  /** As they stand in facts; Mailgun is none of them. */
  secondaries: readonly string[];
};

/** So many of the last messages are looked at for who writes, and so many of them are looked after. */
const MESSAGES = 500;
const MOST_AUTHORS = 20;
const MOST_ADDRESSES = 20;

/** Looks at all DNS records that mail needs, and keeps what was found; alerts tell of what has changed. */
export async function lookAtDns(deps: DnsDeps): Promise<Kept<DnsFinding>[]> {
  const { store, config, domains, now, signal, timeout } = deps;
  const { addresses } = await seenOfLate(store, { now, ...(signal ? { signal } : {}) });
  const dns = createResolver({
    servers: config.DNS_SERVERS,
    ...(timeout ? { timeout } : {}),
    ...(signal ? { signal } : {}),
  });
  const findings = await lookAtCase(
    {
      sending: await Promise.all(domains.map((domain) => sendingOf(domain, deps.reputation))),
      authors: await authorsOf(deps),
      secondaries: deps.secondaries.map((name) => senderOf(name, selectorsOf(config, name))),
      bounceDomain: config.BOUNCE_DOMAIN ?? null,
      ips: addresses.slice(0, MOST_ADDRESSES).map(({ ip }) => ip),
    },
    dns,
  );
  // What was broken off says nothing of anybody.
  signal?.throwIfAborted();
  return keep(deps, findings);
}

const selectorsOf = ({ DKIM_SELECTORS: all }: Pick<CareSettings, 'DKIM_SELECTORS'>, name: string): string[] =>
  all.flatMap(([provider, selector]) => (provider === name ? [selector] : []));

async function sendingOf(domain: string, reputation: Reputation | undefined): Promise<SendingCase> {
  const unasked = (error: unknown) => ({ kind: 'unsure' as const, why: safeLine(wordsOf(error), 200) });
  if (!reputation) return { domain, needed: { kind: 'unsure', why: 'Mailgun is not asked' }, tracks: null };
  const [needed, tracks] = await Promise.all([
    reputation.records(domain).then((values) => ({ kind: 'found' as const, values }), unasked),
    reputation.tracks(domain).catch(() => null),
  ]);
  return { domain, needed, tracks };
}

/** Who writes, with the domains by which that mail goes; the domains that are sent from are among them. */
async function authorsOf({ store, domains }: DnsDeps) {
  const by = new Map<string, Set<string>>(domains.map((domain) => [domain, new Set([domain])]));
  for (const { author, domain } of await recentAuthors(store, MESSAGES))
    if (domains.includes(domain)) by.set(author, (by.get(author) ?? new Set()).add(domain));
  return [...by].slice(0, Math.max(MOST_AUTHORS, domains.length)).map(([author, set]) => ({ author, by: [...set] }));
}

const VERDICTS: Record<Level, Verdict> = { good: 'well', note: 'well', bad: 'ill', unsure: 'unsure' };

function keep({ store, now }: DnsDeps, findings: readonly DnsFinding[]): Promise<Kept<DnsFinding>[]> {
  const at = now();
  return keepLook(
    store,
    findings.map((finding) => ({
      name: keyOf(finding),
      state: finding.level,
      verdict: VERDICTS[finding.level],
      body: finding,
    })),
    {
      ...{ kind: 'dns', at, firstIsNews: false },
      tell(news, { name, body }) {
        const kind = news === 'ill' ? 'dns_wrong' : 'dns_right';
        return {
          item_key: `${kind}:${name}:${at}`,
          incident: kind,
          kind,
          at,
          detail: `${body.topic}: ${dnsWords(body)}`,
        };
      },
    },
  );
}
