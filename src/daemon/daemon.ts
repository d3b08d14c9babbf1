import { uptime } from 'node:os';
import type { Job, Running } from '../base/job.ts';
import type { Log } from '../base/log.ts';
import { atTimes, type Bell, createBell, every, tried } from '../base/loop.ts';
import { createSteadyClock } from '../base/steady-clock.ts';
import { timesOf } from '../base/times.ts';
import { sleep } from '../base/wait.ts';
import { type Config, ConfigError } from '../config/config.ts';
import { settingsOf } from '../config/settings.ts';
import { MINUTE, SECOND } from '../core/time.ts';
import { createApp } from '../http/app.ts';
import { type Listening, listen } from '../http/server.ts';
import { keyTrouble, publishKeys } from '../intake/sealing-keys.ts';
import { publishTerms } from '../intake/terms.ts';
import { schemaProblems } from '../store/db/drift.ts';
import { migrate, pendingMigrations } from '../store/db/migrate.ts';
import { durabilityProblems, NotDurable, openStore, type Store } from '../store/db/open.ts';
import { rememberDomains } from '../store/messages/domains.ts';
import { makeIdentity } from '../store/notes/identity.ts';
import { storyTo } from '../tell/story.ts';
import { appDeps, placeOf } from './face.ts';
import { closeOutside, type Inside, insideOf } from './inside.ts';
import { JOBS } from './jobs.ts';
import { tick } from './tick.ts';

export type Daemon = { port: number; stop(): Promise<void> };

/** How long work in flight may take when the process is told to stop. */
const GRACE = 25 * SECOND;

export type StartOptions = {
  /** Starts also where mail is kept that none of the keys opens. */
  withoutLostKeys?: boolean;
};

/** Starts everything in this process. Several processes may share one database. */
export async function startDaemon(config: Config, log: Log, how: StartOptions = {}): Promise<Daemon> {
  const store = openStore(config.DATABASE_URL);
  try {
    await prepareInTurn(store, config, how);
    return await run(store, config, log);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Waits while another process holds SQLite's write lock, or is paused with it. */
async function prepareInTurn(store: Store, config: Config, how: StartOptions): Promise<void> {
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
async function prepare(store: Store, config: Config, how: StartOptions): Promise<void> {
  if (store.kind === 'sqlite') await migrate(store.db);
  const pending = await pendingMigrations(store.db);
  if (pending.length > 0)
    throw new NotDurable(`the database lacks ${pending.length} migration(s): run "homing migrate"`);
  const problems = [...(await durabilityProblems(store)), ...(await schemaProblems(store))];
  if (problems.length > 0) throw new NotDurable(problems.join('; '));
  await settleKeys(store, config, how);
  await makeIdentity(store, Date.now());
  await rememberDomains(store, config.MAILGUN_DOMAIN);
  await publishTerms(store, { ...settingsOf(config), domains: config.MAILGUN_DOMAIN }, Date.now());
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

async function run(store: Store, config: Config, log: Log): Promise<Daemon> {
  store.heard = storyTo(log);
  const stopping = new AbortController();
  const bells = new Map<string, Bell>(JOBS.map(({ name }) => [name, createBell()]));
  const monotonic = () => performance.now();
  const clock = createSteadyClock({ wall: Date.now, monotonic, uptime: () => uptime() * SECOND });
  const inside = insideOf({
    store,
    config,
    now: clock.now,
    monotonic,
    heardTime: clock.heard,
    behindBy: clock.behindBy,
    slowBy: clock.slowBy,
    signal: stopping.signal,
    log,
    wake: (job) => bells.get(job)?.ring(),
  });
  // Listens first: a second daemon that was started by mistake finds the port taken before it has sent anything.
  const server = await listen(createApp(appDeps(inside)), placeOf(inside)).catch(async (error: unknown) => {
    await closeOutside(inside);
    throw error;
  });
  const jobs = startJobs(inside, bells);
  const ticking = startTicking(inside);
  log.info({ port: server.port, database: store.kind, domains: config.MAILGUN_DOMAIN }, 'homing is up');
  let stopped: Promise<void> | null = null;
  const stop = () => {
    stopped ??= stopAll(inside, stopping, { server, jobs, ticking });
    return stopped;
  };
  return { port: server.port, stop };
}

type Jobs = { ended: Promise<unknown>; running: readonly Running[] };

function startJobs(inside: Inside, bells: ReadonlyMap<string, Bell>): Jobs {
  const running: Running[] = [];
  const loops = JOBS.map((job) => {
    const started = job.start(inside);
    running.push(started);
    const bell = bells.get(job.name) ?? createBell();
    return every(job.name, inTurn(job, started, inside), {
      pause: job.pause(inside),
      bell,
      signal: inside.signal,
      log: inside.log,
    });
  });
  return { ended: Promise.all(loops), running };
}

/** What mail waits for goes first. */
function inTurn(job: Job<Inside>, { run }: Running, { rightOfWay }: Inside): () => Promise<number> {
  if (job.isUrgent) return () => rightOfWay.first(run, (handled) => handled > 0);
  return () => rightOfWay.clear().then(run);
}

async function startTicking(inside: Inside): Promise<void> {
  const { config, log, now, signal } = inside;
  const run = () => tick(inside);
  // What came about while no daemon ran is read at once.
  await tried('tick', run, log);
  await atTimes('tick', run, { times: timesOf(config.RECONCILE_CRON), now, signal, log });
}

type Parts = { server: Listening; jobs: Jobs; ticking: Promise<void> };

async function stopAll(inside: Inside, stopping: AbortController, { server, jobs, ticking }: Parts): Promise<void> {
  const { log, store } = inside;
  log.info({}, 'stopping: no new work is taken');
  stopping.abort();
  await Promise.all([server.close(GRACE), ticking, jobs.ended]);
  // Waits for mail that has begun to leave, because its answer must be written down.
  await Promise.all(jobs.running.map((job) => job.idle?.()));
  await closeOutside(inside);
  await store.close();
  log.info({}, 'stopped');
}
