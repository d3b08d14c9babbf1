import type { Log } from '../base/log.ts';
import type { SteadyClock } from '../base/steady-clock.ts';
import { keepTidy } from '../base/tidy.ts';
import { sleep } from '../base/wait.ts';
import { type Config, ConfigError } from '../config/config.ts';
import { settingsOf } from '../config/settings.ts';
import { MINUTE, SECOND } from '../core/time.ts';
import { createApp } from '../http/app.ts';
import { listen } from '../http/server.ts';
import { keyTrouble, publishKeys } from '../intake/sealing-keys.ts';
import { publishTerms } from '../intake/terms.ts';
import { domainsIn } from '../providers/mailgun/settings.ts';
import { connectProviders, type Providers } from '../providers/registry/registry.ts';
import { schemaProblems } from '../store/db/drift.ts';
import { migrate, pendingMigrations } from '../store/db/migrate.ts';
import { durabilityProblems, openStore, type Store } from '../store/db/open.ts';
import { isHalfRestored } from '../store/db/restore-into.ts';
import { NotDurable } from '../store/db/trouble.ts';
import { isInMemory } from '../store/db/url.ts';
import { createRefusals } from '../store/inbox/refusals.ts';
import { rememberDomains } from '../store/messages/domains.ts';
import { makeIdentity } from '../store/notes/identity.ts';
import { createBeat } from './beat.ts';
import { type Face, faceOf, placeOf } from './face.ts';
import { measuringAnswers } from './measure.ts';
import { takeBounces } from './take-bounces.ts';
import { checkBrokerPackage, takeMailFromBroker } from './take-from-broker.ts';
import { clockOfMachine, MOVED, monotonic, type Work } from './work.ts';
import { workInThread } from './work-in-thread.ts';

export type Daemon = { port: number /** Where bounces are taken. */; bouncePort: number | null; stop(): Promise<void> };

/** How long work in flight may take when the process is told to stop. */
const GRACE = 25 * SECOND;

export type StartOptions = {
  /** Starts also where mail is kept that none of the keys opens. */
  withoutLostKeys?: boolean;
};

/** Starts everything in this process. Several processes may share one database. */
export async function startDaemon(config: Config, log: Log, how: StartOptions = {}): Promise<Daemon> {
  // Nothing would be durable, and the two threads have no memory in common.
  if (isInMemory(config.DATABASE_URL)) throw new ConfigError([IN_MEMORY]);
  await checkBrokerPackage(config);
  const store = openStore(config.DATABASE_URL, { inThread: true });
  store.moved = (to) => log.warn({ server: to }, MOVED);
  const clock = clockOfMachine();
  const providers = connectProviders(config, { now: clock.now, monotonic });
  try {
    await prepareInTurn(store, config, { ...how, providers: providers.all.map(({ name }) => name) });
    return await run({ store, config, log, clock, providers });
  } catch (error) {
    await providers.close();
    await store.close();
    throw error;
  }
}

const IN_MEMORY = 'DATABASE_URL must name a file or a server: what is only in memory is lost when the process ends';

type Preparing = StartOptions & { providers: readonly string[] };

/** Waits while another process holds SQLite's write lock, or is paused with it. */
async function prepareInTurn(store: Store, config: Config, how: Preparing): Promise<void> {
  const until = Date.now() + MINUTE;
  for (;;) {
    try {
      return await prepare(store, config, how);
    } catch (error) {
      const isBusy = String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY');
      if (!isBusy || Date.now() > until) throw error;
      await sleep(SECOND / 4);
    }
  }
}

/**
 * An SQLite file is migrated on start, as it is ours alone. A shared database is migrated when its operator says so.
 */
async function prepare(store: Store, config: Config, how: Preparing): Promise<void> {
  if (await isHalfRestored(store))
    throw new NotDurable('a restore into it did not come to its end: drop all that is in it, and restore it again');
  if (store.kind === 'sqlite') await migrate(store.db);
  const pending = await pendingMigrations(store.db);
  if (pending.length > 0)
    throw new NotDurable(`the database lacks ${pending.length} migration(s): run "homing migrate"`);
  const problems = [...(await durabilityProblems(store)), ...(await schemaProblems(store))];
  if (problems.length > 0) throw new NotDurable(problems.join('; '));
  await settleKeys(store, config, how);
  await makeIdentity(store, Date.now());
  await rememberDomains(store, domainsIn(config));
  const terms = { ...settingsOf(config), domains: domainsIn(config), providers: how.providers };
  await publishTerms(store, terms, Date.now());
}

/** With a wrong key the mail that is kept here would wait until it is too late to be delivered. */
async function settleKeys(store: Store, config: Config, { withoutLostKeys = false }: StartOptions): Promise<void> {
  const keys = config.ENCRYPTION_KEY;
  const trouble = withoutLostKeys ? null : await keyTrouble(store, keys);
  const isSettled = trouble === null && (await publishKeys(store, keys, Date.now(), withoutLostKeys));
  if (!isSettled) throw new ConfigError([`ENCRYPTION_KEY is not the right one: ${trouble ?? OTHER_KEY}; ${MEND_KEY}`]);
}

const OTHER_KEY = 'another daemon seals with another key';
const MEND_KEY =
  'put the old key behind the new one (ENCRYPTION_KEY=new,old), or, if it is lost, give that mail up with "homing start --without-lost-keys"';

type Prepared = { store: Store; config: Config; log: Log; clock: SteadyClock; providers: Providers };

/**
 * Requests are answered in this thread, and everything else is done in another one. Each has its own connection to the
 * database; they meet in its tables.
 */
async function run({ store, config, log, clock, providers }: Prepared): Promise<Daemon> {
  keepTidy();
  const stopping = new AbortController();
  const refusals = createRefusals({ store, now: clock.now, log });
  let work: Work | null = null;
  const startedAt = clock.now();
  const backupEvery = config.BACKUP_DIR === undefined ? 0 : config.BACKUP_EVERY;
  const measured = { store, providers, log, monotonic, now: clock.now, startedAt, backupEvery };
  const measure = measuringAnswers(measured, async () => (await work?.measured()) ?? null);
  const face: Face = {
    ...{ store, config, log, providers, monotonic },
    now: clock.now,
    signal: stopping.signal,
    wake: (job) => work?.wake(job),
    onKept: (count) => work?.kept(count),
    onRefused: refusals.add,
    onBrokered: measure.brokered,
    scrape: measure.scrape,
  };
  const beat = createBeat(config, { now: clock.now, startedAt });
  // Listens first: a second daemon that was started by mistake finds the port taken before it has sent anything.
  const server = await listen(
    measure.app(createApp({ ...faceOf(face), beat: beat.now })),
    placeOf(config, monotonic, log),
  );
  const takes = config.HOMING_ROLES.includes('web') ? takeBounces(face) : Promise.resolve(null);
  const bounces = await takes.catch(async (error: unknown) => {
    await server.close(0);
    throw error;
  });
  const working = workInThread(config, log, { heardTime: clock.heard, reconciled: beat.reconciled }, startedAt);
  work = working;
  const brokered = takeMailFromBroker(face);
  const bouncePort = bounces?.port ?? null;
  log.info(
    {
      port: server.port,
      ...(bouncePort === null ? {} : { bouncePort }),
      database: store.kind,
      domains: domainsIn(config),
    },
    'homing is up',
  );
  let stopped: Promise<void> | null = null;
  const stop = async () => {
    log.info({}, 'stopping: no new work is begun');
    stopping.abort();
    const closed = sleep(config.STOP_AFTER).then(() => server.close(GRACE));
    await Promise.all([closed, bounces?.close(), brokered, working.stop()]);
    await refusals.flush().catch((error: unknown) => log.warn({ error }, 'the last refused webhooks are not counted'));
    await providers.close();
    await store.close();
    log.info({}, 'stopped');
  };
  return {
    port: server.port,
    bouncePort,
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}
