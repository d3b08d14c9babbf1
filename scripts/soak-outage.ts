// npm run soak:outage: mail of all classes comes in while Mailgun is sick; then how long each waited, and the verdict.
import { parseArgs } from 'node:util';
import { type Fate, playOutage, SICKNESSES, type Sickness } from '../src/lab/campaign/outage.ts';
import { createMigrated, startMariaDb } from '../src/lab/servers/mariadb.ts';
import { table } from './table.ts';

const USAGE = `npm run soak:outage -- [options]
  --how WHAT      ${SICKNESSES.join('|')} (unplugged)
  --messages N    that come in while it lasts: 4 of 10 access, 4 notice, 2 bulk (2000)
  --seconds N     how long it lasts (120)
  --steady TIME   OUTAGE_STEADY: how long Mailgun must look normal before mail comes back (30s)
  --daemons N     on one database (1)
  --mariadb       on a private MariaDB instead of an SQLite file
`;
const { values } = parseArgs({
  options: {
    how: { type: 'string', default: 'unplugged' },
    messages: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '120' },
    steady: { type: 'string', default: '30s' },
    daemons: { type: 'string', default: '1' },
    mariadb: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const sickness = SICKNESSES.find((name) => name === values.how);
if (values.help || !sickness) {
  process.stdout.write(USAGE);
  process.exit(values.help ? 0 : 2);
}

// Its daemons end with it.
process.on('SIGTERM', () => process.exit(1));
process.on('SIGINT', () => process.exit(1));

const say = (line: string) => process.stdout.write(`${line}\n`);
const inSeconds = (ms: number) => (ms / 1000).toFixed(1);

const server = values.mariadb ? await startMariaDb() : null;
try {
  const { fates, noticedAfter } = await playOutage({
    messages: Number(values.messages),
    daemons: Number(values.daemons),
    sickness,
    lasts: Number(values.seconds) * 1000,
    patience: 900_000,
    env: { OUTAGE_STEADY: values.steady },
    ...(server ? { database: await createMigrated(server, 'soak') } : {}),
    say,
  });
  say(waits(fates));
  say(drain(fates));
  const problems = problemsOf(fates, sickness);
  for (const problem of problems.slice(0, 100)) say(`  ${problem}`);
  if (noticedAfter !== null) say(`noticed after ${inSeconds(noticedAfter)} s`);
  say(problems.length === 0 ? 'verdict: everything holds' : `verdict: ${problems.length} problem(s)`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await server?.stop();
}

function waits(fates: readonly Fate[]): string {
  const rows = ['access', 'notice', 'bulk'].map((name) => {
    const all = fates.filter((fate) => fate.class === name);
    const waited = all.flatMap((fate) => fate.waited ?? []).sort((a, b) => a - b);
    const at = (share: number) => inSeconds(waited[Math.ceil(share * waited.length) - 1] ?? 0);
    const doubles = all.filter((fate) => fate.copies > 1).length;
    return [name, String(all.length), String(waited.length), String(doubles), at(0.5), at(0.95), at(1)];
  });
  return table(['class', 'mails', 'arrived', 'twice', 'waited, median s', 'p95 s', 'most s'], rows);
}

/** What Mailgun was handed since it was well, second by second. */
function drain(fates: readonly Fate[]): string {
  const drained = fates.filter((fate) => fate.drainedAt !== null);
  const first = Math.min(...drained.map((fate) => fate.drainedAt ?? 0));
  const second = (fate: Fate) => Math.floor(((fate.drainedAt ?? 0) - first) / 1000);
  const seconds = [...new Set(drained.map(second))].sort((a, b) => a - b);
  const rows = seconds.map((n) => {
    const inIt = drained.filter((fate) => second(fate) === n);
    return [String(n), ...['access', 'notice', 'bulk'].map((k) => String(inIt.filter((f) => f.class === k).length))];
  });
  return rows.length === 0 ? 'nothing was left to Mailgun' : table(['second', 'access', 'notice', 'bulk'], rows);
}

/** That Mailgun took a mail and did not deliver it can't be known at once. */
function problemsOf(fates: readonly Fate[], how: Sickness): string[] {
  return fates.flatMap(({ recipient, class: kind, state, copies, doubles, waited }) => {
    const about = `${kind} mail to ${recipient} is ${state}`;
    const isLate = kind === 'access' && how !== 'silent' && (waited ?? 0) > 10_000;
    return [
      ...(copies > 1 + doubles || (kind === 'access' && copies > 1) ? [`${about} and arrived ${copies} times`] : []),
      ...(copies === 0 && state !== 'expired' && !(how === 'silent' && state === 'accepted')
        ? [`${about} and never arrived`]
        : []),
      ...(isLate ? [`${about} after ${inSeconds(waited ?? 0)} s`] : []),
    ];
  });
}
