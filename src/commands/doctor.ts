import type { Command } from 'commander';
import { EXIT, paint, plural, printable, say, sayJson, type Terminal } from './common/terminal.ts';
import type { Finding } from './doctor/finding.ts';

const EXAMPLES = `
Checks configuration, database, Mailgun (key, region, webhooks, retention,
clock), secondary SMTP, alerts, and that every open delivery will be acted on.
Changes nothing without --fix-webhooks. Exits 1 when there is a problem.

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

async function examine(terminal: Terminal, { fixWebhooks = false, patience }: Options): Promise<Finding[]> {
  const { durationIn } = await import('./common/duration.ts');
  const timeout = durationIn('--patience', patience);
  const { checkConfiguration } = await import('./doctor/configuration.ts');
  const { guarded, warning } = await import('./doctor/finding.ts');
  const { findings, config, complete } = checkConfiguration(terminal.env);
  if (!config) return findings;
  const [database, mailgun, servers] = await Promise.all([
    guarded('database', async () => {
      const { checkDatabase } = await import('./doctor/database.ts');
      const checked = await checkDatabase(config);
      const { store } = checked;
      if (!store) return checked.findings;
      const { checkWork } = await import('./doctor/work.ts');
      const work = await guarded('work', () => checkWork(store, config, terminal.now()));
      await store.close();
      return [...checked.findings, ...work];
    }),
    guarded('Mailgun', async () => {
      if (!complete)
        return [warning('Mailgun', 'not asked: the configuration is not complete', 'mend the configuration first')];
      const { checkMailgun } = await import('./doctor/mailgun.ts');
      return checkMailgun({ config, fixWebhooks, timeout, now: terminal.now });
    }),
    guarded('SMTP servers', async () => {
      const { checkWaysOut } = await import('./doctor/servers.ts');
      return checkWaysOut(config, timeout);
    }),
  ]);
  return [...findings, ...database, ...mailgun, ...servers];
}

const COLOUR = { ok: 'green', warning: 'yellow', problem: 'red' } as const;

function lineOf(terminal: Terminal, { check, status, says, mend }: Finding): string {
  const text = mend === null ? says : `${says}. To mend it: ${mend}`;
  return `${paint(terminal, COLOUR[status], status.padEnd(8))} ${check.padEnd(15)} ${printable(text)}.`;
}
