// npm run bench:outbox: what the queue does while Mailgun hangs, how fast it is handed over, and how much memory it takes,
// as ratios within one run on one machine. Loopback only, bounded; memory is read on Linux.
import { parseArgs } from 'node:util';
import { onEachDatabase } from './bench/databases.ts';
import { benchHandOver } from './outbox/hand-over.ts';
import { benchIntake, type Taken } from './outbox/intake.ts';
import { benchLarge, benchSmall, type Memory } from './outbox/memory.ts';
import { table } from './table.ts';

const USAGE = `npm run bench:outbox -- [options]
  --mails N      mails per measurement of intake and hand-over (3000)
  --pace N       mails a second where they are taken in at a pace (100)
  --waiting N    small mails that wait, beside a hundredth of them (100000)
  --large N      mails of a megabyte that wait (1000)
  --rounds N     of each measurement of a rate (3)
  --part intake|hand-over|memory
  --only sqlite|mysql
  --quick        a small run of all of it: its figures say little
`;
const { values } = parseArgs({
  options: {
    mails: { type: 'string' },
    pace: { type: 'string', default: '100' },
    waiting: { type: 'string' },
    large: { type: 'string' },
    rounds: { type: 'string' },
    part: { type: 'string' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const given = (value: string | undefined, usual: number, quick: number): number =>
  Number(value ?? (values.quick ? quick : usual));
const MAILS = given(values.mails, 3000, 200);
const WAITING = given(values.waiting, 100_000, 2000);
const LARGE = given(values.large, 1000, 20);
const ROUNDS = given(values.rounds, 3, 1);
/** Longer than a hand-over waits for its answer. */
const SECONDS = values.quick ? 5 : 30;

const say = (line: string) => process.stdout.write(`${line}\n`);
const whole = (n: number) => n.toFixed(0);
const ratio = (ours: number, theirs: number) => (ours / theirs).toFixed(2);

/** A new database for each measurement. */
type Next = () => Promise<string>;
const PARTS: Readonly<Record<string, (next: Next) => Promise<void>>> = { intake, 'hand-over': handOver, memory };

async function intake(databaseFor: Next): Promise<void> {
  const { healthy, hanging } = await benchIntake({
    mails: MAILS,
    pace: Number(values.pace),
    rounds: ROUNDS,
    databaseFor,
  });
  const cells = ({ full, paced }: Taken) => [
    whole(full.perSecond),
    whole(full.p99),
    whole(paced.p50),
    whole(paced.p99),
  ];
  const ratios = [
    ratio(hanging.full.perSecond, healthy.full.perSecond),
    ratio(hanging.full.p99, healthy.full.p99),
    ratio(hanging.paced.p50, healthy.paced.p50),
    ratio(hanging.paced.p99, healthy.paced.p99),
  ];
  const head = ['taking mail in', 'answers a second', 'p99 ms', `at ${values.pace} a second: median ms`, 'p99 ms'];
  const rows = [
    ['Mailgun is healthy', ...cells(healthy)],
    ['Mailgun hangs', ...cells(hanging)],
    ['ratio', ...ratios],
  ];
  say(table(head, rows));
}

async function handOver(databaseFor: Next): Promise<void> {
  const { bare, daemon } = await benchHandOver({ mails: MAILS, rounds: ROUNDS, databaseFor });
  const rows = [
    ['the bare client', whole(bare), '1.00'],
    ['a daemon', whole(daemon), ratio(daemon, bare)],
  ];
  say(table(['handing a queue over', 'hand-overs a second', 'ratio'], rows));
}

async function memory(databaseFor: Next): Promise<void> {
  const how = async () => ({ seconds: SECONDS, database: await databaseFor() });
  const few = await benchSmall(WAITING / 100, await how());
  const many = await benchSmall(WAITING, await how());
  const large = await benchLarge(LARGE, await how());
  const row = (what: string, { usual, top, intake: taking }: Memory) => [
    ...[what, whole(usual), whole(top), taking > 0 ? whole(taking) : ''],
    usual === large.usual ? '' : ratio(usual, few.usual),
  ];
  const rows = [
    row(`${WAITING / 100} small mails`, few),
    row(`${WAITING} small mails`, many),
    row(`${LARGE} mails of 1 MB`, large),
  ];
  say(table(['waiting', 'resident MB, median', 'at most', 'at most while they are taken in', 'ratio'], rows));
}

say(`node ${process.version}, ${MAILS} mails, medians of ${ROUNDS}`);
await onEachDatabase(values.only, async (name, databaseFor) => {
  say(`\n${name}`);
  let n = 0;
  for (const [part, run] of Object.entries(PARTS)) {
    if (values.part !== undefined && values.part !== part) continue;
    say('');
    await run(() => databaseFor(n++));
  }
});
