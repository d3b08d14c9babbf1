// BullMQ on Redis.
import { type Drained, type Entrant, type Field, measure, onServer, payloadOf } from './contest.ts';
import { installed } from './install.ts';
import { startRedis } from './servers.ts';

const PACKAGES = { bullmq: '6.7.0', ioredis: '6.0.0' };

type Job = { name: string; data: object; opts: object };
type Queue = { addBulk(jobs: readonly Job[]): Promise<unknown>; close(): Promise<void> };
type Worker = {
  on(event: 'completed', hear: () => void): void;
  on(event: 'failed' | 'error', hear: (what: unknown, error?: Error) => void): void;
  waitUntilReady(): Promise<unknown>;
  run(): Promise<void>;
  close(): Promise<void>;
};
type BullMq = {
  Queue: new (name: string, options: object) => Queue;
  Worker: new (name: string, work: () => Promise<void>, options: object) => Worker;
};

type Way = Pick<Entrant, 'way' | 'isSingle'> & { concurrency: number; job: object };

const WAYS: readonly Way[] = [
  { way: 'concurrency 100, done jobs removed', concurrency: 100, job: { removeOnComplete: true } },
  { way: 'as it comes: concurrency 1', isSingle: true, concurrency: 1, job: {} },
];
const AT_ONCE = 500;

/** `always` syncs before each answer, `everysec` loses what was done in the last second when the power goes. */
export async function bullMq(fsync: 'always' | 'everysec', progress: (line: string) => void): Promise<Field> {
  const server = await startRedis(fsync);
  return onServer(server, async () => {
    const peer = await installed<BullMq>(PACKAGES, progress);
    return fieldOn(peer, `BullMQ ${PACKAGES.bullmq}, appendfsync=${fsync}`, { host: '127.0.0.1', port: server.port });
  });
}

function fieldOn({ Queue, Worker }: BullMq, name: string, connection: object): Field {
  const queues = WAYS.map((_, n) => new Queue(`bench${n}`, { connection }));
  const entrants = WAYS.map(({ way, isSingle = false, concurrency, job }, n): Entrant => {
    const queue = queues[n] as Queue;
    const settings = { connection, concurrency, autorun: false };
    return {
      ...{ queue: name, way, isSingle },
      fill: (count) => fill(queue, count, job),
      drain: (count) => drain(new Worker(`bench${n}`, async () => {}, settings), count),
    };
  });
  return { entrants, close: async () => void (await Promise.all(queues.map((queue) => queue.close()))) };
}

async function fill(queue: Queue, count: number, opts: object): Promise<void> {
  const jobs = Array.from({ length: count }, (_, n) => ({ name: 'mail', data: payloadOf(n), opts }));
  for (let n = 0; n < count; n += AT_ONCE) await queue.addBulk(jobs.slice(n, n + AT_ONCE));
}

async function drain(worker: Worker, count: number): Promise<Drained> {
  await worker.waitUntilReady();
  try {
    return await new Promise<Drained>((resolve, reject) => {
      let left = count;
      // It is told when Redis has answered that the job is done.
      worker.on('completed', () => void (--left === 0 && resolve(done())));
      worker.on('failed', (_, error) => reject(error));
      worker.on('error', reject);
      const done = measure();
      worker.run().catch(reject);
    });
  } finally {
    await worker.close();
  }
}
