import type { Log } from '../base/log.ts';
import { judgeBy } from '../classifier/judge.ts';
import type { Config } from '../config/config.ts';
import { settingsOf } from '../config/settings.ts';
import { settingsShown } from '../config/shown.ts';
import type { Clock } from '../core/time.ts';
import { createDashboard } from '../dashboard/dashboard.ts';
import type { KeptEvent } from '../dashboard/desk/desk.ts';
import type { AppDeps } from '../http/app.ts';
import { limitsOf } from '../http/limits/limits.ts';
import type { Place } from '../http/server.ts';
import type { Outcome } from '../intake/from-broker.ts';
import type { Lists } from '../operate/unsuppress.ts';
import { domainsIn } from '../providers/mailgun/settings.ts';
import { tellOfStale } from '../reconcile/tell-of-clock.ts';
import { examine } from './examine.ts';
import { type Inside, ownRules } from './inside.ts';

/** What of the inside is needed to answer requests. */
export type Face = Pick<Inside, 'store' | 'config' | 'providers' | 'now' | 'signal' | 'log' | 'wake'> & {
  /** Told how many webhooks were kept. */
  onKept(count: number): void;
  /** Told of each webhook that is refused. */
  onRefused(provider: string, reason: string): void;
  /** Told what has become of each message of a broker. */
  onBrokered?(outcome: Outcome): void;
  /** Answers who asks for what is measured. */
  scrape?: () => Promise<{ text: string; contentType: string }>;
};

/** What the HTTP side is called with. */
export const faceOf = (inside: Face): AppDeps => ({
  store: inside.store,
  onRefused: inside.onRefused,
  settings: settingsOf(inside.config),
  tokens: inside.config.API_TOKENS,
  webhooks: inside.providers.all.flatMap(({ name, webhook }) => (webhook ? [{ provider: name, ...webhook }] : [])),
  statusPages: inside.config.STATUSPAGE_SECRETS,
  alerts: inside.providers.all.flatMap(({ name, alerts }) => (alerts ? [{ provider: name, ...alerts }] : [])),
  onKept: inside.onKept,
  onStale: (signedAt) =>
    void tellOfStale(inside.store, { signedAt, now: inside.now() }).catch((error) =>
      inside.log.error({ error }, 'it could not be noted that every webhook is stale'),
    ),
  onTold: () => inside.wake('told'),
  onQueued: () => inside.wake('dispatch'),
  encryptionKey: inside.config.ENCRYPTION_KEY[0] ?? null,
  olderKeys: inside.config.ENCRYPTION_KEY.slice(1),
  domains: domainsIn(inside.config),
  providers: inside.providers.all.map(({ name }) => name),
  pages: (deps) =>
    createDashboard({
      ...deps,
      ...dashboardIn(inside.config),
      ...rulesIn(inside.config),
      ...readingBy(inside),
      ...ofConfig(inside.config),
    }),
  retentionDays: inside.config.RETENTION_DAYS,
  memory: limitsOf(inside.config).memory,
  isApart: !inside.config.HOMING_ROLES.includes('web'),
  ...(inside.scrape ? { metrics: { tokens: inside.config.METRICS_TOKEN, read: inside.scrape } } : {}),
  now: inside.now,
  signal: inside.signal,
  log: inside.log,
});

const rulesIn = (config: Config) => ({
  present: { judge: judgeBy(ownRules(config)), rules: settingsOf(config).rules },
  rulesFile: config.HOMING_RULES,
});

const ofConfig = (config: Config) => ({ configuration: () => settingsShown(config), examine: () => examine(config) });

/** What is asked of the providers for a page. */
const readingBy = (inside: Face) => ({
  lists: listsIn(inside),
  read: ({ provider, body, content_type: contentType }: KeptEvent) =>
    inside.providers.named(provider)?.read?.({ replayKey: '', body, contentType }) ?? null,
});

/** The lists of addresses that Mailgun keeps itself. */
function listsIn({ providers, config }: Pick<Face, 'providers' | 'config'>): Lists | undefined {
  const account = providers.named('mailgun')?.account;
  return account && { ...account, domains: domainsIn(config) };
}

/** What of the configuration the dashboard is made with. */
const dashboardIn = (config: Config) => ({
  users: config.DASHBOARD_USERS,
  proxies: config.DASHBOARD_PROXIES,
  header: config.DASHBOARD_HEADER,
  session: config.DASHBOARD_SESSION,
  showsBodies: config.DASHBOARD_BODIES,
  publicUrl: config.PUBLIC_URL ?? null,
  tls: config.TLS_CERT !== undefined,
  timezone: config.REPORT_TIMEZONE,
});

/** Where it is called. */
export const placeOf = (config: Config, monotonic: Clock, log: Log): Place => ({
  host: config.HOST,
  port: config.PORT,
  limits: limitsOf(config),
  monotonic,
  certificate:
    config.TLS_CERT !== undefined && config.TLS_KEY !== undefined
      ? { cert: config.TLS_CERT, key: config.TLS_KEY }
      : null,
  onBadCertificate: (error) => log.error({ error }, 'the renewed certificate can not be used; the one before stays'),
});
