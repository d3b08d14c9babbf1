import cron from 'node-cron';
import { createChannels } from './channels.ts';
import type { Config } from './config.ts';
import { domainOf } from './core/address.ts';
import { classify } from './core/classify/classify.ts';
import type { Settings } from './core/settings.ts';
import type { Bounce, Sighting } from './core/sighting.ts';
import { HOUR, SECOND } from './core/time.ts';
import type { Verdict } from './core/verdict.ts';
import { createApp } from './http/app.ts';
import { listen } from './http/server.ts';
import type { Log } from './log.ts';
import { type Bell, createBell, every } from './loop.ts';
import { createAccount } from './mailgun/account.ts';
import { readEvent } from './mailgun/event.ts';
import { createHistory } from './mailgun/history.ts';
import { createPort } from './mailgun/port.ts';
import { openWebhook, reopen } from './mailgun/webhook.ts';
import { createRoutes } from './routes.ts';
import { settingsOf } from './settings.ts';
import { createRelays, type Relays } from './smtp/routes.ts';
import { type AlertDeps, bundleAlerts, sendAlerts } from './steps/alert.ts';
import { type DigestDeps, digest } from './steps/digest.ts';
import { type PollDeps, pollEvents } from './steps/poll.ts';
import { prune } from './steps/prune.ts';
import { type ReconcileDeps, reconcileDue } from './steps/reconcile.ts';
import { learnRetention, RECONCILED, watch } from './steps/watch.ts';
import { rememberDomains } from './store/domains.ts';
import type { InboxRow } from './store/inbox.ts';
import { migrate, pendingMigrations } from './store/migrate.ts';
import { durabilityProblems, NotDurable, openStore, type Store } from './store/open.ts';
import { setCursor } from './store/operations.ts';

export type Daemon = { port: number; stop(): Promise<void> };

/** What is in flight when the process is told to stop may take this long. */
const GRACE = 25 * SECOND;

/** Starts everything in this process: intake, digest, reconciler, alerts. Several processes may share one database. */
export async function startDaemon(config: Config, log: Log): Promise<Daemon> {
  const store = openStore(config.DATABASE_URL);
  try {
    await prepare(store, config);
    return await run(store, config, log);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** SQLite is ours alone and migrated on start; a shared database is migrated when its operator says so. */
async function prepare(store: Store, config: Config): Promise<void> {
  if (store.kind === 'sqlite') await migrate(store.db);
  const pending = await pendingMigrations(store.db);
  if (pending.length > 0)
    throw new NotDurable(`the database lacks ${pending.length} migration(s): run "homing migrate"`);
  const problems = await durabilityProblems(store);
  if (problems.length > 0) throw new NotDurable(problems.join('; '));
  await rememberDomains(store, config.MAILGUN_DOMAIN);
}

async function run(store: Store, config: Config, log: Log): Promise<Daemon> {
  const stopping = new AbortController();
  const settings = settingsOf(config);
  const startedAt = Date.now();
  const outside = connect(config);
  const digestBell = createBell();
  const dueBell = createBell();
  const deps = stepDeps(store, config, settings, outside, log, stopping.signal);

  const digestAll = async () => {
    const handled = await digest(deps.digest);
    if (handled > 0) dueBell.ring();
    return handled;
  };
  const tick = async () => {
    if ((await pollEvents(deps.poll)) > 0) digestBell.ring();
    await learnRetention({ store, retention: outside.account.retention, now: Date.now, log });
    while (!stopping.signal.aborted && (await reconcileDue(deps.reconcile)) > 0) digestBell.ring();
    await setCursor(store, RECONCILED, '', Date.now());
  };
  const tellAdmins = async () => {
    await watch(
      { store, reconcileSilence: config.RECONCILE_SILENCE, webhookSilence: config.WEBHOOK_SILENCE, now: Date.now },
      startedAt,
    );
    return (await bundleAlerts(deps.alert)) + (await sendAlerts(deps.alert));
  };

  const { signal } = stopping;
  const loops = [
    every('digest', digestAll, { pause: config.DUE_POLL, bell: digestBell, signal, log }),
    every('reconcile', () => reconcileDue(deps.reconcile), { pause: config.DUE_POLL, bell: dueBell, signal, log }),
    every('alert', tellAdmins, { pause: Math.min(5 * SECOND, config.ALERT_GROUP), signal, log }),
    every('prune', () => prune({ store, retentionDays: config.RETENTION_DAYS, now: Date.now }), {
      pause: HOUR,
      signal,
      log,
    }),
  ];
  const app = createApp(httpDeps(store, config, settings, log, digestBell, signal));
  const server = await listen(app, config.HOST, config.PORT);
  cron.setLogger(quiet(log));
  const task = cron.schedule(
    config.RECONCILE_CRON,
    () => tick().catch((error) => log.error({ step: 'tick', error }, 'a reconciliation failed')),
    {
      name: 'reconcile',
      noOverlap: true,
    },
  );
  log.info({ port: server.port, database: store.kind, domains: config.MAILGUN_DOMAIN }, 'homing is up');

  let stopped: Promise<void> | null = null;
  const stop = async () => {
    log.info({}, 'stopping: no new work is taken');
    stopping.abort();
    await task.destroy();
    await Promise.all([server.close(GRACE), ...loops]);
    await Promise.all([outside.relays?.close(), outside.alerting.close(), outside.port.close()]);
    await store.close();
    log.info({}, 'stopped');
  };
  return { port: server.port, stop: () => (stopped ??= stop()) };
}

type Outside = ReturnType<typeof connect>;

/** The connections to the outside world. Nothing is sent before it is used. */
function connect(config: Config) {
  // Well below half the lease: a hand-over that got no answer is given up before anybody else takes it for dead.
  const timeout = Math.min(0.4 * config.LEASE, 30 * SECOND);
  const port = createPort({
    apiUrl: config.MAILGUN_API_URL,
    apiKey: config.MAILGUN_API_KEY,
    timeout,
    allowedHosts: allowedHosts(config),
  });
  // The relays are tried in turn, all of them within one lease.
  const share = (0.8 * config.LEASE) / Math.max(1, config.SECONDARY_SMTP_URL.length);
  const relayOptions = { timeout: share / 3, dataTimeout: (share * 2) / 3 };
  const relays: Relays | null =
    config.SECONDARY_SMTP_URL.length > 0 ? createRelays(config.SECONDARY_SMTP_URL, relayOptions) : null;
  const alerting = createChannels(config, relayOptions);
  return {
    port,
    relays,
    alerting,
    history: createHistory(port, { api: config.MAILGUN_EVENTS_API }),
    account: createAccount(port),
  };
}

/** The API's own host is allowed by being configured; plain http is checked when the configuration is read. */
const allowedHosts = (config: Config): string[] => [
  ...config.MAILGUN_STORAGE_HOSTS,
  new URL(config.MAILGUN_API_URL).host,
];

function stepDeps(store: Store, config: Config, settings: Settings, outside: Outside, log: Log, signal: AbortSignal) {
  const now = Date.now;
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
    monotonic: () => performance.now(),
    signal,
    log,
  };
  const digestDeps: DigestDeps = { store, settings, read, judge, now, log };
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
  return { reconcile, digest: digestDeps, poll, alert };
}

/** Webhooks are kept as they came; what we asked for is kept with the domain that was asked about. */
function read(row: InboxRow): Sighting | null {
  if (row.source === 'webhook') return reopen(row.body, row.content_type);
  const { domain, item } = JSON.parse(row.body) as { domain: string; item: unknown };
  return readEvent(item, { domain });
}

const judge = (bounce: Bounce, s: Sighting): Verdict =>
  classify({
    ...bounce,
    recipientDomain: s.recipient === null ? null : domainOf(s.recipient),
    recipientProvider: s.recipientProvider,
  });

function httpDeps(store: Store, config: Config, settings: Settings, log: Log, bell: Bell, signal: AbortSignal) {
  return {
    store,
    settings,
    tokens: config.API_TOKENS,
    open: (raw: Buffer, contentType: string | undefined, now: number) =>
      openWebhook(raw, contentType, config.MAILGUN_WEBHOOK_SIGNING_KEY, now),
    onKept: bell.ring,
    now: Date.now,
    signal,
    log,
  };
}

/** node-cron writes to the console in a form of its own unless told otherwise. */
function quiet(log: Log) {
  const say = (level: 'info' | 'warn' | 'error' | 'debug') => (message: string | Error) =>
    log[level]({ cron: String(message) }, 'cron');
  return { info: say('debug'), warn: say('warn'), error: say('error'), debug: say('debug') };
}
