// npm run soak: mail of every fate while the daemons are killed without a word, again and again; then the verdict.
//   --messages N   (2000)
//   --daemons N    on one database (1)
//   --kills N      at least; it goes on until all mail is sent (40)
//   --seed N       of the moments of the kills
//   --mariadb      on a private MariaDB instead of a SQLite file
import { parseArgs } from 'node:util';
import { campaign } from '../src/lab/campaign/campaign.ts';
import { createMigrated, startMariaDb } from '../src/lab/servers/mariadb.ts';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '2000' },
    daemons: { type: 'string', default: '1' },
    kills: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    mariadb: { type: 'boolean', default: false },
  },
});

// Its daemons end with it.
process.on('SIGTERM', () => process.exit(1));
process.on('SIGINT', () => process.exit(1));

const say = (line: string) => process.stdout.write(`${line}\n`);

/** A server of our own with an empty database. */
async function mariaDb() {
  const server = await startMariaDb();
  return { url: await createMigrated(server, 'soak'), stop: server.stop };
}

const server = values.mariadb ? await mariaDb() : null;
try {
  const { problems, kills, recorded, doubles, seconds } = await campaign({
    messages: Number(values.messages),
    daemons: Number(values.daemons),
    kills: Number(values.kills),
    seed: Number(values.seed),
    between: [40, 160],
    untilSent: true,
    patience: 300_000,
    ...(server ? { database: server.url } : {}),
    say,
  });
  for (const problem of problems.slice(0, 500)) say(`  ${problem}`);
  say(`${recorded.length} messages, ${kills} kills, ${doubles} possible doubles written down, ${seconds} s`);
  say(problems.length === 0 ? 'verdict: everything holds' : `verdict: ${problems.length} problem(s)`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await server?.stop();
}
