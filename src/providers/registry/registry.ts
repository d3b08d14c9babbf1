import type { Candidate } from '../../core/capabilities.ts';
import { type Clock, type Ms, SECOND } from '../../core/time.ts';
import { createMailersend } from '../mailersend/provider.ts';
import { createMailgun } from '../mailgun/provider.ts';
import { allowedHosts, apiOf, domainsIn, type MailgunSettings } from '../mailgun/settings.ts';
import type { Provider } from '../provider.ts';
import { createSendGrid } from '../sendgrid/provider.ts';
import { createSmtp } from '../smtp/provider.ts';
import type { BounceSettings } from '../smtp/return-path.ts';
import type { SmtpSettings } from '../smtp/settings.ts';
import { type Scheme, type SecondarySettings, schemeOf } from './settings.ts';

/** Makes a provider of its URL. */
export type OpenProvider = (
  url: string,
  options: { lease: Ms; now: Clock /** Where mail that comes back goes to. */; bounces?: BounceSettings | null },
) => Provider;

/** The other providers, by the scheme of their URL. */
export const SCHEMES: Readonly<Record<Scheme, OpenProvider>> = {
  'smtp:': createSmtp,
  'smtps:': createSmtp,
  'mailersend:': createMailersend,
  'sendgrid:': createSendGrid,
};

/** The settings that the providers are made of. */
export type ProvidersConfig = MailgunSettings &
  SmtpSettings &
  SecondarySettings & { LEASE: Ms; ENCRYPTION_KEY: readonly string[] };

export type Providers = {
  /** In order of preference; when all is well mail goes to the first. */
  readonly all: readonly Provider[];
  named(name: string): Provider | null;
  close(): Promise<void>;
};

export type ClocksOf = {
  now: Clock;
  monotonic: Clock;
  /** Told what a provider's clock says. */
  heardTime?: (theirs: Ms) => void;
};

/** All providers that mail may be handed to. Nothing is sent before it is used. */
export function connectProviders(
  config: ProvidersConfig,
  { now, monotonic, heardTime }: ClocksOf,
  schemes: Readonly<Record<string, OpenProvider>> = SCHEMES,
): Providers {
  const { LEASE: lease } = config;
  const mailgun = createMailgun({
    apiUrl: config.MAILGUN_API_URL,
    apiOf: (domain) => apiOf(config, domain),
    apiKey: config.MAILGUN_API_KEY,
    domains: domainsIn(config),
    signingKeys: config.MAILGUN_WEBHOOK_SIGNING_KEY,
    alertKeys: config.MAILGUN_ALERT_KEY,
    allowedHosts: allowedHosts(config),
    records: config.MAILGUN_EVENTS_API,
    // Well below half the lease, so that we give up a hand-over before another process takes it for dead.
    timeout: Math.floor(Math.min(0.4 * lease, 30 * SECOND)),
    now,
    monotonic,
    ...(heardTime ? { heardTime } : {}),
  });
  const urls = [...config.SECONDARY, ...config.SECONDARY_SMTP_URL];
  const bounces = bouncesOf(config);
  return providersOf([mailgun, ...urls.map((url) => openSecondary(url, { lease, now, bounces }, schemes))]);
}

const bouncesOf = ({ BOUNCE_DOMAIN: domain, ENCRYPTION_KEY: keys }: ProvidersConfig): BounceSettings | null =>
  domain === undefined || keys.length === 0 ? null : { domain, keys };

function providersOf(all: readonly Provider[]): Providers {
  return {
    all,
    named: (name) => all.find((provider) => provider.name === name) ?? null,
    async close() {
      await Promise.all(all.map((provider) => provider.close()));
    },
  };
}

/** The provider as decisions see it. */
export const candidateOf = ({ name, can }: Provider): Candidate => ({ name, can });

/** A secondary by its URL, which was checked. */
export function openSecondary(
  url: string,
  options: Parameters<OpenProvider>[1],
  schemes: Readonly<Record<string, OpenProvider>> = SCHEMES,
): Provider {
  const open = schemes[schemeOf(url)];
  if (!open) throw new Error(`no provider is known for ${schemeOf(url)}//`);
  return open(url, options);
}
