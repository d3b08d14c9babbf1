// npm run bench:age: what work costs with few and with many finished deliveries beside it, within one run on one machine.
import { statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openStore } from '../src/store/db/open.ts';
import { fill } from './age/fill.ts';
import { addBacklog, type Goal, type Place, WORKS, type Work } from './age/work.ts';
import { onEachDatabase } from './bench/databases.ts';
import { table } from './table.ts';

const USAGE = `npm run bench:age -- [options]
  --sizes N,N,…   finished deliveries, in thousands: what the first costs is 1.00 (10000,1000000)
  --rounds N      measurements of each work, of which the median counts (15)
  --only sqlite|mysql
  --work TEXT     only work with this in its name
  --quick         a small run of all of it, under a minute: its figures say little
A million takes some 4 GB in the folder for temporary files, and some minutes to write.
`;
const { values } = parseArgs({
  options: {
    sizes: { type: 'string' },
    rounds: { type: 'string' },
    only: { type: 'string' },
    work: { type: 'string', default: '' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const SIZES = (values.sizes ?? (values.quick ? '10000,50000' : '10000,1000000')).split(',').map(Number);
const ROUNDS = Number(values.rounds ?? (values.quick ? 3 : 15));
if (SIZES.some((size) => !(size >= 10_000 && size % 1000 === 0))) {
  process.stderr.write('--sizes are thousands, and ten of them at least\n');
  process.exit(2);
}
const NOW = Date.UTC(2026, 10, 22);
const CHOSEN = WORKS.filter(({ name }) => name.includes(values.work));

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(1));

const say = (line: string) => process.stdout.write(`${line}\n`);
const note = (line: string) => process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line.trim()}\n`);
const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;

/** Fills the database there; it is opened anew for the measurement, with the settings that a daemon has. */
async function placeAt(url: string, size: number): Promise<Place> {
  const started = performance.now();
  const filling = openStore(url);
  const seconds = () => `${Math.round((performance.now() - started) / 1000)} s`;
  let told = 0;
  const progress = (line: string) => {
    if (performance.now() < told) return;
    told = performance.now() + 5000;
    note(`filling: ${line}, ${seconds()}`);
  };
  await fill(filling, { size, now: NOW, progress });
  await filling.close();
  const place = { store: openStore(url), size, now: NOW };
  await addBacklog(place);
  note(`filled: ${size} deliveries in ${seconds()}${fileSize(url)}\n`);
  return place;
}

function fileSize(url: string): string {
  if (!url.startsWith('sqlite:')) return '';
  return `, ${Math.round(statSync(url.slice('sqlite:'.length)).size / 1e6)} MB`;
}

/** Milliseconds that it takes once. */
async function measure({ prepare, times }: Work, place: Place, round: number): Promise<number> {
  const run = await prepare(place, round);
  const started = performance.now();
  for (let n = 0; n < times; n++) await run();
  return (performance.now() - started) / times;
}

/** All sizes are measured in turn, round by round: what else the machine does is the same for each. */
async function timesOf(work: Work, places: readonly Place[]): Promise<number[]> {
  const all = places.map((): number[] => []);
  // The first round is for what is loaded only once.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [i, place] of places.entries()) {
      const took = await measure(work, place, round);
      if (round > 0) all[i]?.push(took);
    }
  }
  return all.map(median);
}

function rowOf({ name, goal }: Work, times: readonly number[]): string[] {
  const [first = 0, ...more] = times;
  const each = more.flatMap((took) => [took.toFixed(2), ratioOf(took / first, took, goal)]);
  return [name, first.toFixed(2), ...each];
}

const ratioOf = (ratio: number, took: number, goal: Goal): string =>
  ratio > goal.ratio || took > (goal.ms ?? Number.POSITIVE_INFINITY) ? `**${ratio.toFixed(2)}**` : ratio.toFixed(2);

async function bench(database: string, databaseFor: (n: number) => Promise<string>): Promise<void> {
  const places: Place[] = [];
  const [name = ''] = database.split(',');
  for (const [n, size] of SIZES.entries()) places.push(await placeAt(await databaseFor(n), size));
  const rows: string[][] = [];
  for (const work of CHOSEN) {
    note(`${name}: ${work.name}`);
    rows.push(rowOf(work, await timesOf(work, places)));
  }
  const [first = 0, ...more] = SIZES.map((size) => size.toLocaleString('en'));
  say(`\n${table([`${name}, ms`, String(first), ...more.flatMap((size) => [size, 'ratio'])], rows)}`);
  for (const { store } of places) await store.close();
}

say(`node ${process.version}, medians of ${ROUNDS}; a ratio in bold is beyond its goal`);
await onEachDatabase(values.only, bench, { 'innodb-buffer-pool-size': '2G', 'innodb-log-file-size': '1G' });
