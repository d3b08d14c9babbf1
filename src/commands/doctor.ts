import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import type { Clock, Ms } from '../core/time.ts';
import { EXIT, paint, plural, printable, say, sayJson, type Terminal } from './common/terminal.ts';
import type { Check, Finding } from './doctor/finding.ts';

const EXAMPLES = `
Checks configuration, database, Mailgun (key, region, domain, webhooks,
retention, clock), whether PUBLIC_URL leads to this daemon, secondaries,
whether what they return comes back here, brokers, alerts, disk and spool, and
that every open delivery will be acted on. Changes nothing without
--fix-webhooks, which registers nothing at an address where this daemon does
not answer. Exits 1 when there is a problem.

Examples:
  homing doctor
  homing doctor --fix-webhooks
  homing doctor --json | jq '.findings[] | select(.status == "problem")'`;

type Options = { fixWebhooks?: boolean; patience: string; json?: boolean };

export function addDoctorCommand(program: Command, terminal: Terminal): void {
  program
    .command('doctor')
    .description('check that everything is set up rightly and nothing is forgotten')
    .option('--fix-webhooks', 'register at Mailgun the webhooks that are missing')
    .option('--patience <duration>', 'how long to wait for an answer of a server', '5s')
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => doctor(terminal, options));
}

async function doctor(terminal: Terminal, options: Options): Promise<void> {
  const findings = await examine(terminal, options);
  const count = (status: Finding['status']) => findings.filter((f) => f.status === status).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  if (options.json) sayJson(terminal, { problems, warnings, findings });
  else {
    const sum = `${plural(problems, 'problem', 'problems')}, ${plural(warnings, 'warning', 'warnings')}.`;
    say(terminal, ...findings.map((finding) => lineOf(terminal, finding)), '', sum);
  }
  if (problems > 0) terminal.exitCode = EXIT.failed;
}

async function examine(terminal: Terminal, options: Options): Promise<Finding[]> {
  const { durationIn } = await import('./common/duration.ts');
  const timeout = durationIn('--patience', options.patience);
  const { checkConfiguration } = await import('./doctor/configuration.ts');
  const { findings, config, complete } = checkConfiguration(terminal.env);
  if (!config) return findings;
  // First, because it says which daemon is the right one.
  const database = await atDatabase(config, terminal.now());
  const [mailgun, servers, channels, heartbeat, apis, bounces, brokers, machine] = await Promise.all([
    complete
      ? atMailgun({ config, identity: database.identity, timeout, now: terminal.now, ...options })
      : [await notAsked()],
    guardedBy('SMTP servers', async () => (await import('./doctor/servers.ts')).checkWaysOut(config, timeout)),
    guardedBy('alert channels', async () => (await import('./doctor/channels.ts')).checkChannels(config, timeout)),
    guardedBy('heartbeat', async () => (await import('./doctor/channels.ts')).checkHeartbeat(config, timeout)),
    guardedBy('secondaries', async () => (await import('./doctor/apis.ts')).checkApis(config, timeout, terminal.now)),
    guardedBy('bounces', async () => (await import('./doctor/bounces.ts')).checkBounces(config, { timeout })),
    guardedBy('brokers', async () => (await import('./doctor/brokers.ts')).checkBrokers(config, timeout)),
    guardedBy('machine', async () => (await import('./doctor/machine.ts')).checkMachine(config)),
  ]);
  return [
    ...findings,
    ...database.findings,
    ...mailgun,
    ...servers,
    ...channels,
    ...heartbeat,
    ...apis,
    ...bounces,
    ...brokers,
    ...machine,
  ];
}

async function guardedBy(check: Check, work: () => Promise<Finding[]>): Promise<Finding[]> {
  const { guarded } = await import('./doctor/finding.ts');
  return guarded(check, work);
}

type AtDatabase = { findings: Finding[]; identity: string | null };

async function atDatabase(config: Config, now: Ms): Promise<AtDatabase> {
  let identity: string | null = null;
  const findings = await guardedBy('database', async () => {
    const { checkDatabase } = await import('./doctor/database.ts');
    const { findings: found, store } = await checkDatabase(config);
    if (!store) return found;
    try {
      const { identityOf } = await import('../store/notes/identity.ts');
      identity = await identityOf(store);
      const { checkWork } = await import('./doctor/work.ts');
      return [...found, ...(await guardedBy('work', () => checkWork(store, config, now)))];
    } finally {
      await store.close();
    }
  });
  return { findings, identity };
}

type AtMailgun = Pick<Options, 'fixWebhooks'> & { config: Config; identity: string | null; timeout: Ms; now: Clock };

async function atMailgun({ identity, fixWebhooks = false, ...given }: AtMailgun): Promise<Finding[]> {
  return guardedBy('Mailgun', async () => {
    const { checkPublicAddress } = await import('./doctor/public-address.ts');
    const { findings, address } = await checkPublicAddress({ ...given, identity });
    const { checkMailgun } = await import('./doctor/mailgun.ts');
    return [...(await checkMailgun({ ...given, address, fixWebhooks })), ...findings];
  });
}

async function notAsked(): Promise<Finding> {
  const { warning } = await import('./doctor/finding.ts');
  return warning('Mailgun', 'not asked: the configuration is not complete', 'mend the configuration first');
}

const COLOUR = { ok: 'green', warning: 'yellow', problem: 'red' } as const;

function lineOf(terminal: Terminal, { check, status, says, mend }: Finding): string {
  const text = mend === null ? says : `${says}. To mend it: ${mend}`;
  return `${paint(terminal, COLOUR[status], status.padEnd(8))} ${check.padEnd(15)} ${printable(text)}.`;
}
