// How long an access mail waits until it is handed over, and how late a fallback leaves that is due, while the daemon has
// nothing else to do, while Mailgun hangs on questions, and while events wait to be read. Each is measured with a daemon of
// its own, a process with the settings as shipped; what counts is the ratio within one run. Loopback only, about two minutes.
import { parseArgs } from 'node:util';
import { sleep } from '../src/base/wait.ts';
import { readConfig } from '../src/config/config.ts';
import { settingsOf } from '../src/config/settings.ts';
import { type Past, seedEvents, seedFallback, seedQuestions } from '../src/lab/campaign/backlog.ts';
import { type SimMailgun, startSimMailgun } from '../src/lab/sim/mailgun.ts';
import { type Sink, startSink } from '../src/lab/sim/sink.ts';
import { openStore, type Store } from '../src/store/db/open.ts';
import { DOMAIN, ENCRYPTION_KEY, TOKEN, withDaemon } from './bench/daemon.ts';
import { onEachDatabase } from './bench/databases.ts';

const USAGE = `npm run bench:dispatch -- [options]
  --mails N       access mails per measurement, and half as many fallbacks (40)
  --questions N   deliveries that Mailgun has to be asked about (1000)
  --events N      events that wait in the inbox (100000)
  --only sqlite|mysql
`;
const { values } = parseArgs({
  options: {
    mails: { type: 'string', default: '40' },
    questions: { type: 'string', default: '1000' },
    events: { type: 'string', default: '100000' },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const MAILS = Number(values.mails);
const FALLBACKS = Math.ceil(MAILS / 2);
/** Between two mails: no multiple of any pause in the daemon. */
const GAP = 247;
/** So long after its start a daemon is at work. */
const STARTED = 7000;
const PATIENCE = 60_000;
const { policies } = settingsOf(readConfig({}, 'database'));

const say = (line: string) => process.stdout.write(`${line}\n`);

setTimeout(() => {
  process.stderr.write('given up: it took ten minutes\n');
  process.exit(1);
}, 600_000).unref();

type World = { sim: SimMailgun; sink: Sink; store: Store; past: () => Past };
type Figures = { waits: number[]; lateness: number[]; note: string };
type Situation = {
  name: string;
  prepare(world: World): Promise<void>;
  /** What shows, after the measurement, that it was so all the while. */
  proof(world: World): Promise<string>;
};

const SITUATIONS: readonly Situation[] = [
  { name: 'quiet', prepare: async () => {}, proof: async () => '' },
  {
    name: `Mailgun hangs, ${values.questions} questions`,
    async prepare({ sim, past }) {
      sim.misbehave((request) => !request.path.includes('/messages'), 'hang');
      await seedQuestions(past(), Number(values.questions));
    },
    async proof({ sim }) {
      const asked = sim.requests.filter((request) => request.path.includes('/events'));
      return `${asked.length} questions, ${asked.filter((request) => request.status !== null).length} answered`;
    },
  },
  {
    name: `${values.events} events to read`,
    prepare: ({ past }) => seedEvents(past(), Number(values.events)),
    async proof({ store }) {
      const left = await store.db('inbox').where({ pending: 1 }).count({ n: '*' }).first();
      return `${left?.['n']} still to be read at the end`;
    },
  },
];

async function measure(situation: Situation, database: string): Promise<Figures> {
  const signingKey = 'signing-key-of-the-bench';
  const sim = await startSimMailgun({ apiKey: 'key-bench', signingKey, domains: [DOMAIN] });
  const sink = await startSink();
  const store = openStore(database);
  const world = { sim, sink, store, past: () => ({ store, domain: DOMAIN, policies, now: Date.now() }) };
  try {
    await situation.prepare(world);
    const fallbacks = await seedFallbacks(world);
    return await withDaemon(environment(world, database), async ({ url }) => {
      sim.setWebhook(`${url}/webhooks/mailgun`);
      for (let n = 0; n < 3; n++) await waitOf(world, url, `warm-${n}@there.example`);
      const lateness = latenessOf(world, fallbacks);
      const waits: number[] = [];
      for (let n = 0; n < MAILS; n++) {
        waits.push(await waitOf(world, url, `person-${n}@there.example`));
        await sleep(GAP);
      }
      return { waits, lateness: await lateness, note: await situation.proof(world) };
    });
  } finally {
    await Promise.all([sim.close(), sink.close()]);
    await store.close();
  }
}

const environment = ({ sim, sink }: World, database: string): Record<string, string> => ({
  ...sim.environment,
  ...{ DATABASE_URL: database, SECONDARY_SMTP_URL: sink.url },
  ...{ ADMIN_EMAILS: 'admin@team.example', ALERT_FROM: `homing@${DOMAIN}` },
});

/** From before the call until Mailgun has the mail, in ms. */
async function waitOf({ sim }: World, url: string, to: string): Promise<number> {
  const began = Date.now();
  const response = await fetch(`${url}/v3/${DOMAIN}/messages`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`api:${TOKEN}`)}` },
    body: new URLSearchParams({ from: `team@${DOMAIN}`, to, subject: 'Hi', text: 'Hi', 'v:homing-class': 'access' }),
  });
  if (response.status !== 200) throw new Error(`the daemon answered ${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
  return (await arrival(to, () => sim.handovers.find((h) => h.recipient === to)?.at)) - began;
}

type Fallback = { recipient: string; dueAt: number };

/** Fallbacks that fall due one after the other, once the daemon is up. */
async function seedFallbacks({ past }: World): Promise<Fallback[]> {
  const from = Date.now() + STARTED;
  const fallbacks = Array.from({ length: FALLBACKS }, (_, n) => ({
    recipient: `fallback-${n}@there.example`,
    dueAt: from + 2 * n * GAP,
  }));
  for (const fallback of fallbacks) await seedFallback(past(), { ...fallback, encryptionKey: ENCRYPTION_KEY });
  return fallbacks;
}

/** How long after its time each one arrives, in ms. */
const latenessOf = ({ sink }: World, fallbacks: readonly Fallback[]): Promise<number[]> =>
  Promise.all(
    fallbacks.map(async ({ recipient, dueAt }) => {
      return (await arrival(recipient, () => sink.mails.find((mail) => mail.to.includes(recipient))?.at)) - dueAt;
    }),
  );

async function arrival(of: string, at: () => number | undefined): Promise<number> {
  const until = Date.now() + PATIENCE;
  for (let found = at(); Date.now() < until; found = at()) {
    if (found !== undefined) return found;
    await sleep(5);
  }
  throw new Error(`the mail to ${of} did not arrive`);
}

const ranked = (list: readonly number[], part: number): number =>
  [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * part))] ?? Number.NaN;

function tell(name: string, { waits, lateness, note }: Figures, quiet: Figures): void {
  const ms = (n: number) => String(Math.round(n)).padStart(6);
  const column = (list: readonly number[], beside: readonly number[]) => {
    const ratio = (ranked(list, 0.5) / ranked(beside, 0.5)).toFixed(2);
    return `${ms(ranked(list, 0.5))} ${ms(ranked(list, 0.95))} ${ms(Math.max(...list))}  ${ratio.padStart(5)}`;
  };
  say(`  ${name.padEnd(32)} ${column(waits, quiet.waits)}  |${column(lateness, quiet.lateness)}   ${note}`);
}

async function bench(name: string, databaseFor: (n: number) => Promise<string>): Promise<void> {
  say(`\n${name}`);
  say(`  ${''.padEnd(32)} access mail, ms, of quiet     |fallback late, ms, of quiet`);
  say(`  ${''.padEnd(32)} median    p95    max  ratio  |median    p95    max  ratio`);
  let quiet: Figures | null = null;
  for (const [n, situation] of SITUATIONS.entries()) {
    const figures = await measure(situation, await databaseFor(n));
    quiet ??= figures;
    tell(situation.name, figures, quiet);
  }
}

say(`node ${process.version}, ${MAILS} access mails and ${FALLBACKS} fallbacks each`);
await onEachDatabase(values.only, bench);
