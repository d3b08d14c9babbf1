// How fast a queue is handed over to a healthy Mailgun, beside a loop of the same client without a database. Both are timed
// by the arrivals at the same Mailgun.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { sleep } from '../../src/base/wait.ts';
import { type SimMailgun, startSimMailgun } from '../../src/lab/sim/mailgun.ts';
import { DOMAIN, withDaemon } from '../bench/daemon.ts';
import { middle } from '../bench/loads.ts';
import { seedQueue } from './backlog.ts';

/** Hand-overs a second. */
export type HandOvers = { bare: number; daemon: number };
type How = { mails: number; rounds: number; databaseFor(): Promise<string> };

const API_KEY = 'key-of-the-bench';
const PATIENCE = 120_000;
/** Mail is written for so long before it is due. */
const AHEAD = 1000;

/** Each in turn, several times; the first round is for the compilers. */
export async function benchHandOver({ mails, rounds, databaseFor }: How): Promise<HandOvers> {
  const sim = await startSimMailgun({ apiKey: API_KEY, signingKey: 'of-the-bench', domains: [DOMAIN] });
  const database = await databaseFor();
  // The records of Mailgun are read once a minute: that is no matter of some of the rounds.
  const env = { ...sim.environment, DATABASE_URL: database, RECONCILE_CRON: '0 0 1 1 *' };
  const rates = { bare: [] as number[], daemon: [] as number[] };
  try {
    await withDaemon(env, async () => {
      for (let round = 0; round <= rounds; round++) {
        const bare = await rateOf(sim, mails, () => runBare(sim.url, mails));
        const daemon = await rateOf(sim, mails, () => fillQueue(database, mails));
        if (round === 0) continue;
        rates.bare.push(bare);
        rates.daemon.push(daemon);
      }
    });
  } finally {
    await sim.close();
  }
  return { bare: middle(rates.bare, (rate) => rate), daemon: middle(rates.daemon, (rate) => rate) };
}

/** From the first arrival to the last. */
async function rateOf(sim: SimMailgun, mails: number, begin: () => Promise<void>): Promise<number> {
  const before = sim.handovers.length;
  await begin();
  const until = Date.now() + PATIENCE;
  while (sim.handovers.length < before + mails) {
    if (Date.now() > until) throw new Error(`${sim.handovers.length - before} of ${mails} mails were handed over`);
    await sleep(20);
  }
  const [first, last] = [sim.handovers[before], sim.handovers[before + mails - 1]];
  return Math.round(((mails - 1) * 1000) / ((last?.at ?? 0) - (first?.at ?? 0)));
}

async function runBare(url: string, mails: number): Promise<void> {
  const args = ['--import', 'tsx', join(import.meta.dirname, 'bare.ts'), url, API_KEY, String(mails)];
  const [code] = await once(spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] }), 'close');
  if (code !== 0) throw new Error(`the bare loop ended with ${code}`);
}

/** All of it is due at the same moment, when it is all written. */
async function fillQueue(database: string, mails: number): Promise<void> {
  const dueAt = Date.now() + AHEAD + 3 * mails;
  await seedQueue(database, mails, dueAt);
  if (Date.now() > dueAt) throw new Error('the queue was not written in time');
}
