// npm run bench:peers: claims and completions of Homing's queue beside those of other queues, each in turn within one run.
// The other queues are installed for it, once. Loopback only.
import { parseArgs } from 'node:util';
import { bullMq } from './peers/bullmq.ts';
import { contest, type Field, type Result } from './peers/contest.ts';
import { graphileWorker } from './peers/graphile-worker.ts';
import { AS_SHIPPED, homingOnMariaDb, homingOnSqlite } from './peers/homing.ts';
import { pgBoss } from './peers/pg-boss.ts';
import { table } from './table.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);
const tell = (line: string) => process.stderr.write(`${line}\n`);
const progress = (line: string) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${line}`);

const QUEUES: Readonly<Record<string, () => Promise<Field>>> = {
  sqlite: homingOnSqlite,
  mysql: homingOnMariaDb,
  bullmq: () => bullMq('always', tell),
  'bullmq-everysec': () => bullMq('everysec', tell),
  'graphile-worker': () => graphileWorker(tell),
  'pg-boss': () => pgBoss(tell),
};

const USAGE = `npm run bench:peers -- [options]
  --jobs N       jobs per measurement (2000); a tenth of them where they are taken one at a time
  --rounds N     of each measurement (5), and one before them that does not count
  --only LIST    of ${Object.keys(QUEUES).join(', ')}
  --quick        a small run of all of it: its figures say little
The other queues are measured where redis-server, and postgres with initdb, are installed. Their packages are installed by npm
into node_modules/.cache/bench-peers when they are first needed, which takes a network.
`;
const { values } = parseArgs({
  options: {
    jobs: { type: 'string' },
    rounds: { type: 'string' },
    only: { type: 'string', default: Object.keys(QUEUES).join(',') },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const JOBS = Number(values.jobs ?? (values.quick ? 200 : 2000));
const ROUNDS = Number(values.rounds ?? (values.quick ? 1 : 5));
const only = values.only.split(',');
const unknown = only.filter((name) => !(name in QUEUES));
if (unknown.length > 0) {
  tell(`--only knows no ${unknown.join(', ')}\n\n${USAGE}`);
  process.exit(2);
}

// The servers and folders go with it.
process.on('SIGTERM', () => process.exit(1));
process.on('SIGINT', () => process.exit(1));

/** A queue that can't be had is named, and the others are measured. */
async function openAll(): Promise<Field[]> {
  const fields: Field[] = [];
  for (const [name, open] of Object.entries(QUEUES)) {
    if (!only.includes(name)) continue;
    try {
      fields.push(await open());
    } catch (error) {
      say(`${name}: left out (${error instanceof Error ? error.message : error})`);
    }
  }
  return fields;
}

const whole = (n: number) => n.toFixed(0);

/** Beside a daemon of Homing, on each database that was measured. */
function show(results: readonly Result[]): void {
  const bases = results.filter(({ way }) => way === AS_SHIPPED);
  const head = ['queue', 'worked by', 'jobs a second', 'lowest, highest'];
  const rows = results.map(({ queue, way, rate, low, high, cpu }) => [
    ...[queue, way, whole(rate), `${whole(low)}, ${whole(high)}`],
    ...bases.map((base) => (rate / base.rate).toFixed(2)),
    whole(cpu),
  ]);
  const ratios = bases.map(({ queue }) => `beside a daemon, ${queue}`);
  say(table([...head, ...ratios, 'CPU of this process, µs a job'], rows));
}

say(`node ${process.version}, ${JOBS} jobs, a tenth of them one at a time, medians of ${ROUNDS}`);
const fields = await openAll();
try {
  const entrants = fields.flatMap((field) => field.entrants);
  const results = await contest(entrants, { jobs: JOBS, rounds: ROUNDS, progress });
  progress('');
  say('');
  show(results);
} finally {
  for (const field of fields) await field.close();
}
