// pg-boss on PostgreSQL. Its `work` rests for two seconds, or half a second at least, between batches: what is measured is
// what that is made of, called again at once.
import { type Drained, type Entrant, type Field, measure, onServer, payloadOf } from './contest.ts';
import { installed } from './install.ts';
import { startPostgres } from './servers.ts';

/** Later versions want a later Node. */
const PACKAGES = { 'pg-boss': '10.4.2' };

type Boss = {
  on(event: 'error', hear: (error: Error) => void): void;
  start(): Promise<unknown>;
  stop(options: object): Promise<void>;
  createQueue(name: string): Promise<void>;
  insert(jobs: readonly object[]): Promise<unknown>;
  fetch(name: string, options: object): Promise<{ id: string }[]>;
  complete(name: string, ids: readonly string[]): Promise<unknown>;
};
type PgBoss = new (options: object) => Boss;

type Way = Pick<Entrant, 'way' | 'isSingle'> & { batchSize: number };

const WAYS: readonly Way[] = [
  { way: 'batches of 100', batchSize: 100 },
  { way: 'one at a time', isSingle: true, batchSize: 1 },
];
const AT_ONCE = 500;

export async function pgBoss(progress: (line: string) => void): Promise<Field> {
  const server = await startPostgres();
  return onServer(server, async () => fieldOn(await installed<PgBoss>(PACKAGES, progress), server.url));
}

async function fieldOn(PgBoss: PgBoss, connectionString: string): Promise<Field> {
  const boss = new PgBoss({ connectionString });
  boss.on('error', (error) => process.stderr.write(`pg-boss: ${error.message}\n`));
  await boss.start();
  const entrants: Entrant[] = [];
  for (const { way, isSingle = false, batchSize } of WAYS) {
    const name = `bench${batchSize}`;
    await boss.createQueue(name);
    entrants.push({
      ...{ queue: `pg-boss ${PACKAGES['pg-boss']}`, way, isSingle },
      fill: (count) => fill(boss, name, count),
      drain: (count) => drain(boss, name, count, batchSize),
    });
  }
  return { entrants, close: () => boss.stop({ graceful: false, wait: true }) };
}

async function fill(boss: Boss, name: string, count: number): Promise<void> {
  const jobs = Array.from({ length: count }, (_, n) => ({ name, data: payloadOf(n) }));
  for (let n = 0; n < count; n += AT_ONCE) await boss.insert(jobs.slice(n, n + AT_ONCE));
}

async function drain(boss: Boss, name: string, count: number, batchSize: number): Promise<Drained> {
  const done = measure();
  for (let left = count; left > 0; ) {
    const jobs = await boss.fetch(name, { batchSize });
    if (jobs.length === 0) throw new Error(`pg-boss has no more jobs, and ${left} of ${count} were not done`);
    await boss.complete(
      name,
      jobs.map(({ id }) => id),
    );
    left -= jobs.length;
  }
  return done();
}
