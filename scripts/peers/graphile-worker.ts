// graphile-worker on PostgreSQL.
import { EventEmitter } from 'node:events';
import { sleep } from '../../src/base/wait.ts';
import { type Drained, type Entrant, type Field, measure, onServer, payloadOf } from './contest.ts';
import { installed } from './install.ts';
import { startPostgres } from './servers.ts';

const PACKAGES = { 'graphile-worker': '0.17.3' };

type Query = (sql: string) => Promise<{ rows: { n: number }[] }>;
type Utils = {
  migrate(): Promise<void>;
  addJobs(specs: readonly { identifier: string; payload: object }[]): Promise<unknown>;
  withPgClient<T>(use: (client: { query: Query }) => Promise<T>): Promise<T>;
  release(): Promise<void>;
};
type GraphileWorker = {
  Logger: new (scope: () => () => void) => object;
  makeWorkerUtils(options: object): Promise<Utils>;
  run(options: object): Promise<{ stop(): Promise<void> }>;
};

type Way = Pick<Entrant, 'way' | 'isSingle'> & { worker: object };

/** The first is what its documentation calls the fast one; each job that is done waits for others to be written with. */
const WAYS: readonly Way[] = [
  {
    way: '24 at once, local queue of 500, written in batches',
    worker: {
      ...{ concurrentJobs: 24, maxPoolSize: 25, localQueue: { size: 500 } },
      ...{ completeJobBatchDelay: 0, failJobBatchDelay: 0 },
    },
  },
  { way: 'as it comes: one at a time', isSingle: true, worker: {} },
];
const AT_ONCE = 500;
const PATIENCE = 120_000;

export async function graphileWorker(progress: (line: string) => void): Promise<Field> {
  const server = await startPostgres();
  return onServer(server, async () => fieldOn(await installed<GraphileWorker>(PACKAGES, progress), server.url));
}

async function fieldOn(peer: GraphileWorker, connectionString: string): Promise<Field> {
  const logger = new peer.Logger(() => () => {});
  const all: Utils[] = [];
  const entrants: Entrant[] = [];
  for (const [n, { way, isSingle = false, worker }] of WAYS.entries()) {
    const usual = { connectionString, schema: `bench${n}`, ...worker };
    const utils = await peer.makeWorkerUtils({ logger, preset: { worker: usual } });
    await utils.migrate();
    all.push(utils);
    entrants.push({
      ...{ queue: `graphile-worker ${PACKAGES['graphile-worker']}`, way, isSingle },
      fill: (count) => fill(utils, count),
      drain: (count) => drain(peer, utils, { ...usual, logger }, count),
    });
  }
  return { entrants, close: async () => void (await Promise.all(all.map((utils) => utils.release()))) };
}

async function fill(utils: Utils, count: number): Promise<void> {
  const jobs = Array.from({ length: count }, (_, n) => ({ identifier: 'mail', payload: payloadOf(n) }));
  for (let n = 0; n < count; n += AT_ONCE) await utils.addJobs(jobs.slice(n, n + AT_ONCE));
}

/** From the moment when its connections are open to that when the last job is gone from its table. */
async function drain(
  peer: GraphileWorker,
  utils: Utils,
  { logger, ...worker }: { logger: object; schema: string },
  count: number,
): Promise<Drained> {
  const events = new EventEmitter();
  let done = measure();
  let left = count;
  events.once('pool:create', () => {
    done = measure();
  });
  const last = new Promise<void>((resolve, reject) => {
    setTimeout(() => reject(new Error(`${left} of ${count} jobs were not done in time`)), PATIENCE).unref();
    events.on('job:failed', ({ error }: { error: unknown }) => reject(error));
    events.on('job:complete', () => void (--left === 0 && resolve()));
  });
  const preset = { worker: { ...worker, logger, events } };
  const runner = await peer.run({ preset, taskList: { mail: async () => {} }, noHandleSignals: true });
  try {
    await last;
    while ((await waiting(utils, worker.schema)) > 0) await sleep(1);
    return done();
  } finally {
    await runner.stop();
  }
}

async function waiting(utils: Utils, schema: string): Promise<number> {
  const sql = `select count(*)::int as n from ${schema}._private_jobs`;
  const { rows } = await utils.withPgClient((client) => client.query(sql));
  return rows[0]?.n ?? 0;
}
