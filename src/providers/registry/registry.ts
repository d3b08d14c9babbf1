import type { Candidate } from '../../core/capabilities.ts';
import { type Clock, type Ms, SECOND } from '../../core/time.ts';
import { createMailgun } from '../mailgun/provider.ts';
import type { Provider } from '../provider.ts';
import { createSmtp } from '../smtp/provider.ts';

/** How a provider is made of its URL. */
export type OpenProvider = (url: string, options: { lease: Ms; now: Clock }) => Provider;

/** The other providers, by the scheme of their URL: the one line that each of them needs outside its folder. */
export const SCHEMES: Readonly<Record<string, OpenProvider>> = {
  'smtp:': createSmtp,
  'smtps:': createSmtp,
};

/** What of the configuration the providers are made of. */
export type ProvidersConfig = {
  MAILGUN_API_KEY: string;
  MAILGUN_API_URL: string;
  MAILGUN_DOMAIN: readonly string[];
  MAILGUN_WEBHOOK_SIGNING_KEY: readonly string[];
  MAILGUN_STORAGE_HOSTS: readonly string[];
  MAILGUN_EVENTS_API: 'auto' | 'events' | 'logs';
  SECONDARY: readonly string[];
  SECONDARY_SMTP_URL: readonly string[];
  LEASE: Ms;
};

export type Providers = {
  /** In order of preference; when all is well mail goes to the first. */
  readonly all: readonly Provider[];
  named(name: string): Provider | null;
  close(): Promise<void>;
};

/** All providers that mail may be handed to. Nothing is sent before it is used. */
export function connectProviders(config: ProvidersConfig, now: Clock, schemes = SCHEMES): Providers {
  const { LEASE: lease } = config;
  const mailgun = createMailgun({
    apiUrl: config.MAILGUN_API_URL,
    apiKey: config.MAILGUN_API_KEY,
    domains: config.MAILGUN_DOMAIN,
    signingKeys: config.MAILGUN_WEBHOOK_SIGNING_KEY,
    allowedHosts: allowedHosts(config),
    records: config.MAILGUN_EVENTS_API,
    // Well below half the lease: a hand-over that got no answer is given up before anybody else takes it for dead.
    timeout: Math.floor(Math.min(0.4 * lease, 30 * SECOND)),
    now,
  });
  const urls = [...config.SECONDARY, ...config.SECONDARY_SMTP_URL];
  return providersOf([mailgun, ...urls.map((url) => openerOf(url, schemes)(url, { lease, now }))]);
}

export function providersOf(all: readonly Provider[]): Providers {
  return {
    all,
    named: (name) => all.find((provider) => provider.name === name) ?? null,
    async close() {
      await Promise.all(all.map((provider) => provider.close()));
    },
  };
}

/** The model of a provider: what decisions are made by. */
export const candidateOf = ({ name, can }: Provider): Candidate => ({ name, can });

function openerOf(url: string, schemes: Readonly<Record<string, OpenProvider>>): OpenProvider {
  const open = schemes[schemeOf(url)];
  if (!open) throw new Error(`no provider is known for ${schemeOf(url)}//`);
  return open;
}

const schemeOf = (url: string): string => url.slice(0, url.indexOf(':') + 1).toLowerCase();

/** The API's own host is allowed by being configured; plain http is checked when the configuration is read. */
export const allowedHosts = (config: Pick<ProvidersConfig, 'MAILGUN_STORAGE_HOSTS' | 'MAILGUN_API_URL'>): string[] => [
  ...config.MAILGUN_STORAGE_HOSTS,
  hostWithPort(config.MAILGUN_API_URL),
];

/** `host:port` of a URL; the port is named even where it is the usual one. */
export function hostWithPort(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
}
