// What loading the library costs an application: wall time and CPU of the first `import` or `require`, each time in a new
// process, as a median. Only the ratios hold between machines. npm run bench:client -- [--runs 20]
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '20' } } });
const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const client = join(root, 'packages', 'client', 'dist');

/** Loads what `load` says and prints what that took. */
const script = (load: string): string => `
const before = process.cpuUsage(), started = performance.now()
const done = () => {
  const { user, system } = process.cpuUsage(before)
  console.log(JSON.stringify({ wall: performance.now() - started, cpu: (user + system) / 1000 }))
}
Promise.resolve(${load}).then(done)`;

const CASES: Record<string, string> = {
  'node:http alone': `require('node:http')`,
  'homing-client, require': `require(${JSON.stringify(join(client, 'index.cjs'))})`,
  'homing-client, import': `import(${JSON.stringify(join(client, 'index.js'))})`,
  'homing, require': `require(${JSON.stringify(join(root, 'dist', 'index.cjs'))})`,
  'homing and its database side': `import(${JSON.stringify(join(root, 'dist', 'src', 'library', 'database.js'))})`,
};

type Cost = { wall: number; cpu: number };
const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

const costs = new Map<string, Cost[]>(Object.keys(CASES).map((name) => [name, []]));
for (let n = 0; n < Number(values.runs); n++)
  // In turns, so that what else the machine does is shared.
  for (const [name, load] of Object.entries(CASES)) {
    const { stdout } = await run(process.execPath, ['--disable-warning=ExperimentalWarning', '-e', script(load)]);
    costs.get(name)?.push(JSON.parse(stdout) as Cost);
  }

const base = median((costs.get('homing-client, require') ?? []).map((cost) => cost.cpu));
for (const [name, all] of costs) {
  const wall = median(all.map((cost) => cost.wall));
  const cpu = median(all.map((cost) => cost.cpu));
  const figures = `${wall.toFixed(1).padStart(7)} ms   cpu ${cpu.toFixed(1).padStart(6)} ms`;
  console.log(`${name.padEnd(30)} ${figures}   ${(cpu / base).toFixed(2).padStart(6)} times homing-client`);
}
