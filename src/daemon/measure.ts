import type { RequestListener } from 'node:http';
import type { Log } from '../base/log.ts';
import { version } from '../base/version.ts';
import type { Clock, Ms } from '../core/time.ts';
import { OUTCOMES, type Outcome } from '../intake/from-broker.ts';
import type { Exposed } from '../metrics/expose.ts';
import { type Counting, countingJobs } from '../metrics/jobs.ts';
import { createScrape } from '../metrics/scrape.ts';
import { createTally, type Reading, type Tally } from '../metrics/tally.ts';
import { type ThreadName, watchThread } from '../metrics/thread.ts';
import { countingTurns } from '../metrics/turns.ts';
import { watched } from '../metrics/watched.ts';
import { watchingWebhooks } from '../metrics/webhooks.ts';
import type { Providers } from '../providers/registry/registry.ts';
import type { Store } from '../store/db/open.ts';
import { storyTo } from '../tell/story.ts';

type Measured = { store: Store; providers: Providers; log: Log; monotonic: Clock };

/** Has what each commit changes told in the log, and counted. */
function listen({ store, providers, log }: Measured, tally: Tally): void {
  const tell = storyTo(log);
  const countTurns = countingTurns(
    tally,
    providers.all.map(({ name }) => name),
  );
  store.heard = (turns) => {
    tell(turns);
    countTurns(turns);
  };
}

function reading(tally: Tally, thread: ThreadName): () => Reading {
  const watch = watchThread(thread);
  return () => {
    const { samples, spreads } = tally.read();
    return { samples: [...samples, ...watch()], spreads };
  };
}

/** What is measured in the thread that does the work. */
export function measuringWork(
  measured: Measured,
  jobs: readonly { name: string }[],
): { providers: Providers; job: Counting; read(): Reading } {
  const tally = createTally();
  listen(measured, tally);
  const { providers, monotonic } = measured;
  const all = providers.all.map((provider) => watched(provider, { tally, monotonic }));
  return {
    providers: { ...providers, all, named: (name) => all.find((one) => one.name === name) ?? null },
    job: countingJobs(
      tally,
      jobs.map(({ name }) => name),
      monotonic,
    ),
    read: reading(tally, 'work'),
  };
}

/** Something that answers requests. */
type App = { callback(): RequestListener };

/**
 * What is measured in the thread that answers requests, and the answer to who asks for what is measured in both. `ofWork`
 * is what the other thread says.
 */
export function measuringAnswers(
  measured: Measured & { now: Clock; startedAt: Ms; backupEvery: Ms },
  ofWork: () => Promise<Reading | null>,
): { app(app: App): App; brokered(outcome: Outcome): void; scrape(): Promise<Exposed> } {
  const tally = createTally();
  listen(measured, tally);
  const { providers, monotonic } = measured;
  const posted = providers.all.flatMap(({ name, webhook }) => (webhook ? [[webhook.path, name] as const] : []));
  // Of those that share a path, the first gives the name.
  const webhooks = new Map(posted.reverse());
  const names = providers.all.map(({ name }) => name);
  const own = reading(tally, 'answers');
  // From nothing on, so that the first one is seen as a rise.
  for (const outcome of OUTCOMES) tally.count('broker_messages_total', [outcome], 0);
  return {
    app: ({ callback }) => ({ callback: () => watchingWebhooks(callback(), { tally, monotonic, webhooks }) }),
    brokered: (outcome) => tally.count('broker_messages_total', [outcome]),
    scrape: createScrape({ ...measured, providers: names, version: version(), own, ofWork }),
  };
}
