import cron from 'node-cron';
import type { Log } from '../base/log.ts';
import { createBell, every } from '../base/loop.ts';
import { sleep } from '../base/wait.ts';
import type { Config } from '../config/config.ts';
import { settingsOf } from '../config/settings.ts';
import type { Settings } from '../core/settings.ts';
import { HOUR, MINUTE, SECOND } from '../core/time.ts';
import { createApp } from '../http/app.ts';
import { listen } from '../http/server.ts';
import { digest } from '../inbox/digest.ts';
import { fileSpool } from '../intake/file-spool.ts';
import { prune } from '../operate/prune.ts';
import { pollEvents } from '../reconcile/poll.ts';
import { reconcileDue } from '../reconcile/reconcile.ts';
import { migrate, pendingMigrations } from '../store/db/migrate.ts';
import { durabilityProblems, NotDurable, openStore, type Store } from '../store/db/open.ts';
import { rememberDomains } from '../store/messages/domains.ts';
import { setCursor } from '../store/notes/cursors.ts';
import { bundleAlerts, sendAlerts } from '../tell/alert.ts';
import { report } from '../tell/send-summary.ts';
import { learnRetention, RECONCILED, watch } from '../tell/watch.ts';
import { connect, httpDeps, stepDeps } from './wiring.ts';

export type Daemon = { port: number; stop(): Promise<void> };

/** The inbox is digested so much at a time; what comes in during `COLLECT` shares commits, of which a send may wait for one. */
const BATCH = 200;
const COLLECT = SECOND / 4;
/** What is in flight when the process is told to stop may take this long. */
const GRACE = 25 * SECOND;

/** Starts everything in this process: intake, digest, reconciler, alerts. Several processes may share one database. */
export async function startDaemon(config: Config, log: Log): Promise<Daemon> {
  const store = openStore(config.DATABASE_URL);
  try {
    await prepareInTurn(store, config);
    return await run(store, config, log);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Another process may hold SQLite's write lock for a while, or be paused with it: a start waits for it. */
async function prepareInTurn(store: Store, config: Config): Promise<void> {
  const until = Date.now() + MINUTE;
  for (;;) {
    try {
      return await prepare(store, config);
    } catch (error) {
      const isBusy = String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY');
      if (!isBusy || Date.now() > until) throw error;
      await sleep(SECOND / 4);
    }
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
  const outside = connect(config, Date.now);
  const inside = {
    store,
    config,
    settings,
    now: Date.now,
    monotonic: () => performance.now(),
    signal: stopping.signal,
    log,
  };
  const digestBell = createBell();
  const dueBell = createBell();
  const deps = stepDeps(inside, outside);

  const digestAll = async () => {
    const handled = await digest(deps.digest, BATCH);
    if (handled > 0) dueBell.ring();
    if (handled > 0 && handled < BATCH / 2) await sleep(COLLECT, signal);
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
    every('report', () => report(deps.report), { pause: 2 * SECOND, signal, log }),
    ...(config.SPOOL_DIR === undefined
      ? []
      : [every('spool', spoolStep(store, settings, config.SPOOL_DIR), { pause: 5 * SECOND, signal, log })]),
    every('prune', () => prune({ store, retentionDays: config.RETENTION_DAYS, now: Date.now }), {
      pause: HOUR,
      signal,
      log,
    }),
  ];
  const app = createApp(httpDeps(inside, digestBell.ring, dueBell.ring));
  const server = await listen(app, config.HOST, config.PORT);
  cron.setLogger(quiet(log));
  let ticking = Promise.resolve();
  const onTick = () => {
    ticking = tick().catch((error) => log.error({ step: 'tick', error }, 'a reconciliation failed'));
    return ticking;
  };
  const task = cron.schedule(config.RECONCILE_CRON, onTick, { name: 'reconcile', noOverlap: true });
  log.info({ port: server.port, database: store.kind, domains: config.MAILGUN_DOMAIN }, 'homing is up');

  let stopped: Promise<void> | null = null;
  const stop = async () => {
    log.info({}, 'stopping: no new work is taken');
    stopping.abort();
    await task.destroy();
    // The tick under way may be in the middle of a hand-over, whose answer must be heard and written down.
    await Promise.all([server.close(GRACE), ticking, ...loops]);
    await Promise.all([outside.relays?.close(), outside.alerting.close(), outside.port.close()]);
    await store.close();
    log.info({}, 'stopped');
  };
  return { port: server.port, stop: () => (stopped ??= stop()) };
}

const spoolStep = (store: Store, settings: Settings, folder: string) => () =>
  fileSpool({ store, settings, folder, now: Date.now });

/** node-cron writes to the console in a form of its own unless told otherwise. */
function quiet(log: Log) {
  const say = (level: 'info' | 'warn' | 'error' | 'debug') => (message: string | Error) =>
    log[level]({ cron: String(message) }, 'cron');
  // That a run is left out while the one before it goes on is meant so.
  return { info: say('debug'), warn: say('debug'), error: say('error'), debug: say('debug') };
}
