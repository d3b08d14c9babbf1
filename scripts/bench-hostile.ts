// npm run bench:hostile: a daemon on SQLite with 512 MB, hostile clients, and how long honest webhooks wait meanwhile.
//   --seconds N   of each attack (10)
//   --heap N      megabytes (512)
//   --only TEXT   the attacks whose name has it
// Bounded, and on loopback only. Exits with 1 when the daemon died or the honest ones waited too long.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createWorld, DOMAIN, SIGNING_KEY, TOKEN } from '../src/lab/campaign/world.ts';
import { megabytesOf } from './bench/daemon.ts';
import { ATTACKS } from './hostile/attacks.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    heap: { type: 'string', default: '512' },
    only: { type: 'string', default: '' },
  },
});
const SECONDS = Number(values.seconds);
const GOAL = { p99: 500, rss: 512 };

type Row = {
  name: string;
  taken: number;
  refused: number;
  p50: number;
  p99: number;
  work: { p50: number; p99: number };
  rss: number;
};

type Heard = { took: number[]; worked: number[]; refused: number };

/** A script beside this one, as a process of its own; resolves to what it wrote. */
async function run(script: string, args: readonly string[]): Promise<string> {
  const path = join(import.meta.dirname, 'hostile', script);
  const child = spawn(process.execPath, ['--import', 'tsx', path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let wrote = '';
  child.stdout.on('data', (part) => {
    wrote += String(part);
  });
  await once(child, 'close');
  return wrote;
}

const at = (sorted: readonly number[], part: number) => sorted[Math.floor(sorted.length * part)] ?? Number.NaN;

async function play(name: string, { port, pid }: { port: number; pid: number }): Promise<Row> {
  let rss = 0;
  const watch = setInterval(() => {
    rss = Math.max(rss, megabytesOf(pid));
  }, 50);
  try {
    const attack = name === QUIET ? '' : run('attack.ts', [String(port), TOKEN, DOMAIN, String(SECONDS), name]);
    const heard = JSON.parse(
      await run('honest.ts', [String(port), String(pid), SIGNING_KEY, DOMAIN, String(SECONDS)]),
    ) as Heard;
    await attack;
    const { took, worked, refused } = heard;
    return {
      name,
      taken: took.length,
      refused,
      p50: at(took, 0.5),
      p99: at(took, 0.99),
      work: { p50: at(worked, 0.5), p99: at(worked, 0.99) },
      rss,
    };
  } finally {
    clearInterval(watch);
  }
}

const QUIET = 'nobody';
const TOGETHER = 'all of these at once';
const say = (line: string) => process.stdout.write(`${line}\n`);
const inWhole = (n: number) => n.toFixed(0);

/** A new daemon with a new database each time, so that no attack pays for what another has left behind. */
async function playAlone(name: string): Promise<Row> {
  const env = { NODE_OPTIONS: `--max-old-space-size=${values.heap}`, ENCRYPTION_KEY: 'ab'.repeat(32) };
  const world = await createWorld({ env });
  try {
    const daemon = await world.start();
    const port = await daemon.up;
    // What is loaded with the first event is no matter of an attack.
    await run('honest.ts', [String(port), String(daemon.pid), SIGNING_KEY, DOMAIN, '3']);
    const row = await play(name, { port, pid: daemon.pid });
    if (!daemon.isRunning()) throw new Error(`the daemon died: ${daemon.lines.slice(-5).join('\n')}`);
    return row;
  } finally {
    await world.close();
  }
}

let isGood = true;
say('| attack | honest webhooks taken | told to come again | p50 ms | p99 ms | work p50 | work p99 | top RSS MB |');
say('|---|---|---|---|---|---|---|---|');
for (const name of [QUIET, ...Object.keys(ATTACKS), TOGETHER].filter((one) => one.includes(values.only))) {
  const { taken, refused, p50, p99, work, rss } = await playAlone(name);
  say(`| ${[name, taken, refused, ...[p50, p99, work.p50, work.p99, rss].map(inWhole)].join(' | ')} |`);
  isGood &&= p99 < GOAL.p99 && rss < GOAL.rss;
}
say(isGood ? 'goal reached' : `goal missed: p99 below ${GOAL.p99} ms, RSS below ${GOAL.rss} MB, no death`);
process.exitCode = isGood ? 0 : 1;
