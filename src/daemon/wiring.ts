import type { Log } from '../base/log.ts';
import type { OwnRules } from '../classifier/classify.ts';
import { judgeBy } from '../classifier/judge.ts';
import { type Config, ConfigError, hostWithPort } from '../config/config.ts';
import { readRules } from '../config/rules-file.ts';
import type { Settings } from '../core/settings.ts';
import { type Clock, SECOND } from '../core/time.ts';
import type { DigestDeps } from '../inbox/digest.ts';
import { createAccount } from '../providers/mailgun/account.ts';
import { createHistory } from '../providers/mailgun/history.ts';
import { createPort } from '../providers/mailgun/port.ts';
import { openWebhook, reopen } from '../providers/mailgun/webhook.ts';
import { createRoutes } from '../providers/registry/routes.ts';
import { createRelays, type Relays } from '../providers/smtp/relays.ts';
import type { PollDeps } from '../reconcile/poll.ts';
import type { ReconcileDeps } from '../reconcile/reconcile.ts';
import type { Store } from '../store/db/open.ts';
import type { AlertDeps } from '../tell/alert.ts';
import { createChannels } from '../tell/channels.ts';
import type { SendReportDeps } from '../tell/send-summary.ts';

export type Outside = ReturnType<typeof connect>;

/** The connections to the outside world. Nothing is sent before it is used. */
export function connect(config: Config, now: Clock) {
  // Well below half the lease: a hand-over that got no answer is given up before anybody else takes it for dead.
  const timeout = Math.floor(Math.min(0.4 * config.LEASE, 30 * SECOND));
  const port = createPort({
    apiUrl: config.MAILGUN_API_URL,
    apiKey: config.MAILGUN_API_KEY,
    timeout,
    allowedHosts: allowedHosts(config),
  });
  // The relays are tried in turn, all of them within one lease.
  const share = (0.8 * config.LEASE) / Math.max(1, config.SECONDARY_SMTP_URL.length);
  const relayOptions = { timeout: Math.floor(share / 3), dataTimeout: Math.floor((share * 2) / 3) };
  const relays: Relays | null =
    config.SECONDARY_SMTP_URL.length > 0 ? createRelays(config.SECONDARY_SMTP_URL, relayOptions) : null;
  const alerting = createChannels(config, relayOptions);
  return {
    port,
    relays,
    alerting,
    history: createHistory(port, { api: config.MAILGUN_EVENTS_API, now }),
    account: createAccount(port),
  };
}

/** The API's own host is allowed by being configured; plain http is checked when the configuration is read. */
const allowedHosts = (config: Config): string[] => [
  ...config.MAILGUN_STORAGE_HOSTS,
  hostWithPort(config.MAILGUN_API_URL),
];

export type Inside = {
  store: Store;
  config: Config;
  settings: Settings;
  now: Clock;
  monotonic: Clock;
  signal: AbortSignal;
  log: Log;
};

/** What each step is called with. */
export function stepDeps(inside: Inside, outside: Outside) {
  const { store, config, settings, now, monotonic, signal, log } = inside;
  const { port, relays, history, account } = outside;
  const routes = createRoutes({
    port,
    relays,
    apiUrl: config.MAILGUN_API_URL,
    storageHosts: allowedHosts(config),
    encryptionKey: config.ENCRYPTION_KEY ?? null,
  });
  const reconcile: ReconcileDeps = {
    store,
    settings,
    history,
    routes,
    bounceList: { get: account.getBounce, remove: account.removeBounce },
    hasSecondary: relays !== null,
    concurrency: 16,
    lease: config.LEASE,
    now,
    monotonic,
    signal,
    log,
  };
  const digestDeps: DigestDeps = {
    store,
    settings,
    read: (row) => reopen(row.body, row.content_type),
    judge: judgeBy(ownRules(config)),
    now,
    log,
  };
  const poll: PollDeps = {
    store,
    history,
    domains: config.MAILGUN_DOMAIN,
    eventsSettle: config.EVENTS_SETTLE,
    now,
    log,
  };
  const alert: AlertDeps = {
    store,
    channels: outside.alerting.channels,
    group: config.ALERT_GROUP,
    repeat: config.ALERT_REPEAT,
    lease: config.LEASE,
    pause: config.RETRY_PAUSE,
    publicUrl: config.PUBLIC_URL ?? null,
    now,
    log,
  };
  const report: SendReportDeps = {
    store,
    routes: outside.alerting.letters,
    admins: config.ADMIN_EMAILS,
    cron: config.REPORT_CRON,
    timezone: config.REPORT_TIMEZONE,
    details: config.REPORT_DETAILS,
    lease: config.LEASE,
    pause: config.RETRY_PAUSE,
    now,
    log,
  };
  return { reconcile, digest: digestDeps, poll, alert, report };
}

/** Read once: a change of the file takes effect with the next start. */
function ownRules({ HOMING_RULES: file }: Config): OwnRules | undefined {
  if (file === undefined) return undefined;
  const { rules, problems } = readRules(file);
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => `HOMING_RULES: ${problem}`));
  return rules;
}

/** What the HTTP side is called with. `onKept` is told when events came in, `onQueued` when mail did. */
export function httpDeps(
  { store, config, settings, now, signal, log }: Inside,
  onKept: () => void,
  onQueued: () => void = () => {},
) {
  return {
    store,
    settings,
    tokens: config.API_TOKENS,
    open: (raw: Buffer, contentType: string | undefined, at: number) =>
      openWebhook(raw, contentType, config.MAILGUN_WEBHOOK_SIGNING_KEY, at),
    onKept,
    onQueued,
    encryptionKey: config.ENCRYPTION_KEY ?? null,
    domains: config.MAILGUN_DOMAIN,
    now,
    signal,
    log,
  };
}
