// npm run bench:report: a 30-day report at several sizes of the history, as ratios within one run on one machine.
//   --sizes 10000,1000000   deliveries in 30 days
//   --full                  5000000 as well (seeding it takes minutes)
//   --rows                  also the rows of the deliveries, which a report does not read
//   --only sqlite|mysql
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DAY } from '../src/core/time.ts';
import { startMariaDb, withoutMariaDb } from '../src/lab/servers/mariadb.ts';
import { migrate } from '../src/store/db/migrate.ts';
import { openStore, type Store } from '../src/store/db/open.ts';
import { periodOf } from '../src/tell/summary/days.ts';
import { summaryText } from '../src/tell/summary/text.ts';
import { summaryOf } from '../src/tell/summary-of.ts';
import { seedMonth } from './month.ts';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10000,1000000' },
    full: { type: 'boolean', default: false },
    rows: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});
const sizes = [...values.sizes.split(',').map(Number), ...(values.full ? [5_000_000] : [])];
const END = Date.UTC(2026, 10, 22);
const ROUNDS = 7;

const say = (line: string) => process.stdout.write(`${line}\n`);
const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;

async function seed(store: Store, deliveries: number): Promise<number> {
  await migrate(store.db);
  const started = performance.now();
  const progress = (done: number, all: number) => {
    const line = `\r\x1b[Kseeding ${done} of ${all}, ${Math.round((performance.now() - started) / 1000)} s`;
    if (process.stderr.isTTY) process.stderr.write(done === all ? '\r\x1b[K' : line);
  };
  // A week more than is reported, which it is compared with.
  return seedMonth(store, { deliveries, days: 38, end: END + DAY, rows: values.rows, progress });
}

/** The whole of what `homing report` does but for opening the database: read, compare, write as text. */
async function measure(store: Store): Promise<number> {
  const started = performance.now();
  const period = periodOf('2026-10-23', '2026-11-21', 'Europe/Zurich', END + DAY);
  summaryText(await summaryOf(store, period, { now: END + DAY, details: 'summary' }));
  return performance.now() - started;
}

/** All sizes are measured in turn, round by round: what else the machine does is the same for each. */
async function bench(name: string, open: (n: number) => Promise<Store>): Promise<void> {
  say(`${name}: a 30-day report in Europe/Zurich, median of ${ROUNDS}`);
  const all: { size: number; store: Store; rows: number; seeded: number; times: number[] }[] = [];
  for (const [i, size] of sizes.entries()) {
    const store = await open(i);
    const started = performance.now();
    const rows = await seed(store, size);
    all.push({ size, store, rows, seeded: (performance.now() - started) / 1000, times: [] });
    await measure(store);
  }
  for (let n = 0; n < ROUNDS; n++) for (const one of all) one.times.push(await measure(one.store));
  const first = median(all[0]?.times ?? []);
  for (const { size, store, rows, seeded, times } of all) {
    const took = median(times);
    const ratio = (took / first).toFixed(2).padStart(6);
    const made = `${rows} sums, seeded in ${seeded.toFixed(0)} s`;
    say(`  ${String(size).padStart(9)} deliveries  ${took.toFixed(1).padStart(8)} ms  ${ratio} x   ${made}`);
    await store.close();
  }
}

const folder = await mkdtemp(join(tmpdir(), 'homing-bench-'));
try {
  if (values.only !== 'mysql') {
    await bench('SQLite', async (n) => openStore(`sqlite:${join(folder, `${n}.sqlite`)}`));
  }
  const without = withoutMariaDb();
  if (values.only !== 'sqlite' && without !== null) say(`MariaDB: ${without}`);
  if (values.only !== 'sqlite' && without === null) {
    const server = await startMariaDb({ 'innodb-buffer-pool-size': '512M' });
    const root = openStore(server.url(''));
    await bench('MariaDB', async (n) => {
      await root.db.raw(`create database bench_${n} character set utf8mb4`);
      return openStore(server.url(`bench_${n}`));
    });
    await root.close();
    await server.stop();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
