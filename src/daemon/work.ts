import { setMaxListeners } from 'node:events';
import { uptime } from 'node:os';
import type { Job, Running } from '../base/job.ts';
import type { Log } from '../base/log.ts';
import { atTimes, type Bell, createBell, every, tried } from '../base/loop.ts';
import { createSteadyClock, type SteadyClock } from '../base/steady-clock.ts';
import { timesOf } from '../base/times.ts';
import type { Config } from '../config/config.ts';
import { type Ms, SECOND } from '../core/time.ts';
import type { Counting } from '../metrics/jobs.ts';
import type { Reading } from '../metrics/tally.ts';
import { connectProviders } from '../providers/registry/registry.ts';
import { openStore } from '../store/db/open.ts';
import { countMailSigns, mailSignsIn } from '../tell/thresholds/mail-signs.ts';
import { closeOutside, type Inside, insideOf } from './inside.ts';
import { jobsOf } from './jobs.ts';
import { measuringWork } from './measure.ts';
import { leaveTurn, tickWithHeartbeat } from './tick.ts';

/** All that a daemon does besides answering requests. */
export type Work = {
  /** Tells a job that there is something to do. */
  wake(job: string): void;
  /** Tells that so many webhooks were kept. */
  kept(count: number): void;
  /** What was measured in it so far. */
  measured(): Promise<Reading>;
  /** Begins nothing more; resolves when what is in flight is over and written down. */
  stop(): Promise<void>;
};

export const monotonic = (): number => performance.now();

export const clockOfMachine = (): SteadyClock =>
  createSteadyClock({ wall: Date.now, monotonic, uptime: () => uptime() * SECOND });

export type Listener = {
  /** Told what the clock of a provider says. */
  heardTime(theirs: Ms): void;
  /** Told when a run of the reconciler has finished. */
  reconciled(at: Ms): void;
};

export const MOVED = 'another server of the database is asked now';

/** `startedAt` is when this daemon began to take mail. */
export function startWork(config: Config, log: Log, listener: Listener, startedAt: Ms): Work {
  const store = openStore(config.DATABASE_URL, { isThere: true });
  store.moved = (to) => log.warn({ server: to }, MOVED);
  const stopping = new AbortController();
  // Each job listens to it, and so does each hand-over that waits: Node would take that for a leak.
  setMaxListeners(0, stopping.signal);
  const roles = config.HOMING_ROLES;
  const all = jobsOf(roles);
  const bells = new Map<string, Bell>(all.map(({ name }) => [name, createBell()]));
  const wake = (job: string) => bells.get(job)?.ring();
  const clock = clockOfMachine();
  let last: Ms | null = null;
  const hears = (theirs: Ms) => {
    clock.heard(theirs);
    // Each answer says it, and it changes once a second.
    if (theirs !== last) listener.heardTime(theirs);
    last = theirs;
  };
  const connected = connectProviders(config, { now: clock.now, monotonic, heardTime: hears });
  const measure = measuringWork({ store, providers: connected, log, monotonic }, all);
  const inside = insideOf({
    ...{ store, config, log, wake, monotonic, startedAt },
    providers: measure.providers,
    now: clock.now,
    heardTime: hears,
    behindBy: clock.behindBy,
    slowBy: clock.slowBy,
    signal: stopping.signal,
  });
  const { heard } = store;
  store.heard = (turns) => {
    heard?.(turns);
    inside.mailSigns.add(mailSignsIn(turns));
  };
  const jobs = startJobs(all, inside, bells, measure.job);
  const ticking = roles.includes('reconcile') ? startTicking(inside, listener) : null;
  return {
    wake,
    measured: async () => measure.read(),
    kept(count) {
      inside.kept.add(count);
      wake('digest');
    },
    async stop() {
      stopping.abort();
      await Promise.all([ticking, jobs.ended]);
      // Waits for mail that has begun to leave, because its answer must be written down.
      await Promise.all(jobs.running.map((job) => job.idle?.()));
      await tried('signs', () => countMailSigns(inside), log);
      await leave(inside);
      await closeOutside(inside);
      await store.close();
    },
  };
}

/** The others need not find out by themselves that it is gone. */
async function leave(inside: Inside): Promise<void> {
  await tried(
    'leave',
    async () => {
      await leaveTurn(inside);
      await inside.presence.leave();
    },
    inside.log,
  );
}

type Jobs = { ended: Promise<unknown>; running: readonly Running[] };

function startJobs(
  jobs: readonly Job<Inside>[],
  inside: Inside,
  bells: ReadonlyMap<string, Bell>,
  measured: Counting,
): Jobs {
  const running: Running[] = [];
  const loops = jobs.map((job) => {
    const started = job.start(inside);
    running.push(started);
    const bell = bells.get(job.name) ?? createBell();
    const run = { ...started, run: measured(job.name, () => started.run()) };
    return every(job.name, inTurn(job, run, inside), {
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

async function startTicking(inside: Inside, { reconciled }: Pick<Listener, 'reconciled'>): Promise<void> {
  const { config, log, now, signal } = inside;
  const run = () => tickWithHeartbeat(inside, () => reconciled(now()));
  // What came about while no daemon ran is read at once.
  await tried('tick', run, log);
  await atTimes('tick', run, { times: timesOf(config.RECONCILE_CRON), now, signal, log });
}
