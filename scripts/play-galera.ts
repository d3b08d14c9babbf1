// npm run play:galera: mail is sent by daemons on three nodes of a Galera cluster, which fail one after the other.
//   --daemons N   on different nodes (4)
//   --lasts N     seconds that each fault lasts, and as long again between two (20)
//   --rounds N    times each of the four faults (3)
//   --every N     milliseconds from one mail to the next (200)
//   --nodes       starts the three nodes alone, says where they are, and waits to be stopped
//   --help        shows this
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { clusterPlay, FAULTS } from '../src/lab/campaign/cluster.ts';
import { startGalera, withoutGalera } from '../src/lab/servers/galera.ts';
import { createMigrated } from '../src/lab/servers/mariadb.ts';

const { values } = parseArgs({
  options: {
    daemons: { type: 'string', default: '4' },
    lasts: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '3' },
    every: { type: 'string', default: '200' },
    nodes: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const say = (line: string) => process.stdout.write(`${line}\n`);

// The nodes and daemons end with it.
process.on('SIGTERM', () => process.exit(1));
process.on('SIGINT', () => process.exit(1));

if (values.help) {
  const [head = ''] = readFileSync(import.meta.filename, 'utf8').split('\nimport');
  say(head.replaceAll(/^\/\/ ?/gm, ''));
  process.exit(0);
}
const missing = withoutGalera();
if (missing !== null) {
  say(missing);
  process.exit(1);
}
const cluster = await startGalera();
try {
  await createMigrated(cluster, 'homing');
  say(`DATABASE_URL=${cluster.url('homing')}`);
  if (values.nodes) await new Promise(() => setInterval(() => {}, 60_000));
  const { problems, messages, doubles, moves, away } = await clusterPlay({
    ...{ cluster, database: 'homing', daemons: Number(values.daemons), say },
    faults: Array.from({ length: Number(values.rounds) }, () => FAULTS).flat(),
    ...{ lasts: Number(values.lasts) * 1000, every: Number(values.every), patience: 600_000 },
  });
  for (const problem of problems.slice(0, 500)) say(`  ${problem}`);
  say(`${messages} messages, ${doubles} possible doubles written down, ${moves} times a daemon went to another node`);
  say(`no daemon was unready for longer than ${(away / 1000).toFixed(1)} s`);
  say(problems.length === 0 ? 'verdict: everything holds' : `verdict: ${problems.length} problem(s)`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await cluster.stop();
}
