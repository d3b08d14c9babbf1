import type { Log } from '../base/log.ts';
import { sharedFor } from '../base/shared.ts';
import { within } from '../base/wait.ts';
import { type Clock, type Ms, SECOND } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { isDatabaseTrouble } from '../store/db/trouble.ts';
import { readProbe, writeProbe } from '../store/measures.ts';
import { databaseNow } from './database.ts';
import { type Exposed, expose } from './expose.ts';
import { joined, type Reading, type Sample } from './tally.ts';
import { processNow } from './thread.ts';

export type ScrapeDeps = {
  store: Store;
  /** The names of those whom mail is handed to. */
  providers: readonly string[];
  version: string;
  startedAt: Ms;
  /** How often a backup is made; 0 where none is. */
  backupEvery: Ms;
  /** What this thread measured. */
  own(): Reading;
  /** What the thread measured that does the work; null while there is none, and it may not answer. */
  ofWork(): Promise<Reading | null>;
  now: Clock;
  monotonic: Clock;
  log: Log;
  /** How long each side may take. */
  patience?: { database: Ms; work: Ms };
};

/** All who ask within this time get the same: two Prometheus, a person who looks, cost no more than one. */
const FRESH: Ms = 5 * SECOND;
/** Together less than the 10 s that Prometheus waits by default. */
const PATIENCE = { database: 4 * SECOND, work: 2 * SECOND };

/** Answers scrapes, with what is known where the database or the other thread does not answer. */
export function createScrape(deps: ScrapeDeps): () => Promise<Exposed> {
  const { own, patience = PATIENCE } = deps;
  const askDatabase = oneAtATime(() => readDatabase(deps));
  const askWork = oneAtATime(deps.ofWork);
  // What a thread counted must not be missing from a sum, which would seem to begin again: so its last answer stands in.
  let lastWork: Reading | null = null;
  return sharedFor(FRESH, deps.now, async () => {
    const [database, work] = await Promise.all([
      within(askDatabase(), patience.database, null),
      within(askWork(), patience.work, null),
    ]);
    const facts: Sample[] = [
      { name: 'build_info', labels: [deps.version, process.version], value: 1 },
      { name: 'start_timestamp_seconds', labels: [], value: deps.startedAt / SECOND },
      { name: 'backup_every_seconds', labels: [], value: deps.backupEvery / SECOND },
      { name: 'database_up', labels: [], value: database === null ? 0 : 1 },
      { name: 'thread_up', labels: ['answers'], value: 1 },
      { name: 'thread_up', labels: ['work'], value: work === null ? 0 : 1 },
      ...processNow(),
    ];
    const samples = { samples: [...facts, ...(database ?? [])], spreads: [] };
    lastWork = work ?? lastWork;
    return expose(joined([samples, own(), ...(lastWork === null ? [] : [lastWork])]));
  });
}

/** Null when the database can't be used. */
async function readDatabase({ store, providers, now, monotonic, log }: ScrapeDeps): Promise<Sample[] | null> {
  const timed = async (op: string, work: () => Promise<void>): Promise<Sample> => {
    const began = monotonic();
    await work();
    return { name: 'database_seconds', labels: [op], value: (monotonic() - began) / SECOND };
  };
  try {
    const read = await timed('read', () => readProbe(store));
    const write = await timed('write', () => writeProbe(store, now()));
    return [read, write, ...(await databaseNow({ store, providers, now: now() }))];
  } catch (error) {
    if (!isDatabaseTrouble(error)) log.error({ error }, 'the database could not be measured');
    return null;
  }
}

/** While an answer is waited for, who asks too waits for the same: what hangs must not pile up. */
function oneAtATime<T>(ask: () => Promise<T>): () => Promise<T> {
  let open: Promise<T> | null = null;
  return () => {
    open ??= ask().finally(() => {
      open = null;
    });
    return open;
  };
}
