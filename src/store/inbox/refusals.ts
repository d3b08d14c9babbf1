import type { Log } from '../../base/log.ts';
import { inBackground } from '../../base/wait.ts';
import { storable } from '../../core/safe-text.ts';
import { type Clock, DAY, HOUR, type Ms, SECOND } from '../../core/time.ts';
import { addOnce } from '../db/added-once.ts';
import type { Store } from '../db/open.ts';
import { addUp } from '../db/statements.ts';

/** Counts what was refused, without anybody waiting for that. */
export type Refusals = {
  add(provider: string, reason: string): void;
  /** Writes down what was counted so far, all of it: also what is being written. */
  flush(): Promise<void>;
};

const PAUSE = 5 * SECOND;
/** Anybody may post: so many reasons of an hour are told apart by each process since its start. */
const MOST = 100;
const OTHERS = 'other reasons';
const KEPT = 30 * DAY;

const hourOf = (at: Ms): Ms => at - (at % HOUR);

/** Counts in memory, and writes it down a few seconds after the first. What can not be written is tried again. */
export function createRefusals({ store, now, log }: { store: Store; now: Clock; log: Log }): Refusals {
  const counts = new Map<string, number>();
  const known = new Set<string>();
  let hour = 0;
  let isPlanned = false;
  let writing = Promise.resolve();

  function plan(): void {
    if (isPlanned) return;
    isPlanned = true;
    inBackground(PAUSE, () => {
      isPlanned = false;
      flush().catch((error: unknown) => {
        log.warn({ error }, 'it could not be counted which webhooks were refused; it will be tried again');
        plan();
      });
    });
  }

  /** By the names under which it is written, of which there are not many in an hour. */
  function keyFor(provider: string, reason: string): string {
    if (hourOf(now()) !== hour) known.clear();
    hour = hourOf(now());
    const key = JSON.stringify([hour, storable(provider, 191), storable(reason, 191)]);
    if (!known.has(key) && known.size >= MOST) return JSON.stringify([hour, '', OTHERS]);
    known.add(key);
    return key;
  }

  async function writeCounted(): Promise<void> {
    const taken = [...counts];
    counts.clear();
    if (taken.length === 0) return;
    try {
      await write(store, rowsOf(taken), now());
    } catch (error) {
      for (const [key, n] of taken) counts.set(key, (counts.get(key) ?? 0) + n);
      throw error;
    }
  }

  function flush(): Promise<void> {
    const written = writing.then(writeCounted);
    writing = written.catch(() => {});
    return written;
  }

  return {
    add(provider, reason) {
      const key = keyFor(provider, reason);
      // While the database is away, hours go by.
      if (!counts.has(key) && counts.size >= 10 * MOST) return;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      plan();
    },
    flush,
  };
}

type Row = { hour: Ms; provider: string; reason: string; n: number };

/** In the order of their keys, so that two processes do not wait for each other in a circle. */
const rowsOf = (counted: readonly [key: string, n: number][]): Row[] =>
  [...counted].sort(([a], [b]) => (a < b ? -1 : 1)).map(rowOf);

function rowOf([key, n]: readonly [key: string, n: number]): Row {
  const [hour, provider, reason] = JSON.parse(key) as [Ms, string, string];
  return { hour, provider, reason, n };
}

const SUMS = { table: 'webhook_refusals', keys: ['hour', 'provider', 'reason'], sums: ['n'] };

async function write(store: Store, rows: readonly Row[], now: Ms): Promise<void> {
  await addOnce(store, now, async (tx) => {
    await addUp(tx, SUMS, rows);
    await tx('webhook_refusals')
      .where('hour', '<', hourOf(now - KEPT))
      .delete();
  });
}

export type Refused = { provider: string; reason: string; n: number; lastHour: Ms };

/** What was refused since then, most frequent first. */
export async function refusedSince({ db }: Store, since: Ms): Promise<Refused[]> {
  const rows: { provider: string; reason: string; n: number | string; last: number | string }[] = await db(
    'webhook_refusals',
  )
    .where('hour', '>=', hourOf(since))
    .groupBy('provider', 'reason')
    .select('provider', 'reason')
    .sum({ n: 'n' })
    .max({ last: 'hour' });
  return rows
    .map(({ provider, reason, n, last }) => ({ provider, reason, n: Number(n), lastHour: Number(last) }))
    .sort((a, b) => b.n - a.n);
}
