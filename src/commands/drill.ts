import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import type { DrillReport, Fault, Ground } from '../core/drills.ts';
import type { DrillPlan } from '../drill/play/stage.ts';
import { EXIT, Failed, paint, say, sayError, sayJson, type Terminal, wrapped } from './common/terminal.ts';

const EXAMPLES = `
Proves the plan against outages. A daemon of its own, on a database that is
thrown away, sends a stream of mails while Mailgun is sick, and one reset is
followed. The daemon that runs, its database and the mail of users are not
touched. It is checked that mail is accepted fast, the reset fails over in
time, everybody gets one copy, GET /api/status tells of it while it lasts and
no longer, what waited leaves evenly, and Mailgun comes back in steps.

It needs one of these, or DRILL_AGAINST:
  --demo     a simulated Mailgun, in a minute or two
  --staging  the real Mailgun, in test mode, in real time, with a domain for
             drills alone (DRILL_DOMAIN) and addresses that mail may name
             (DRILL_RECIPIENTS). Nobody gets mail; Mailgun charges for it.

Exit code 1 says that a check failed. The report is written in three forms.

Examples:
  homing drill --demo --primary down
  homing drill --demo --primary accepts-but-silent --for 30s
  homing drill --staging --primary down --for 20m --to me@example.com`;

type Options = {
  primary?: string;
  for?: string;
  demo?: boolean;
  staging?: boolean;
  domain?: string;
  to?: string;
  output?: string;
  json?: boolean;
  notKept?: boolean;
};

export function addDrillCommand(program: Command, terminal: Terminal): void {
  program
    .command('drill')
    .description('play an outage of Mailgun on purpose, and check that the plan holds')
    .option(
      '--primary <fault>',
      'down, slow, accepts-but-silent, 5xx-after-accept,\n429 or half (default: DRILL_PRIMARY, or down)',
    )
    .option('--for <duration>', 'how long (default: DRILL_FOR, or 20s with --demo, else 20m)')
    .option('--demo', 'against a simulated Mailgun')
    .option('--staging', 'against the real Mailgun, in test mode')
    .option('--domain <domain>', 'the domain for drills (default: DRILL_DOMAIN)')
    .option('--to <addresses>', 'the only recipients (default: DRILL_RECIPIENTS)')
    .option('--output <folder>', 'for the reports (default: DRILL_REPORTS)')
    .option('--json', 'print the report as JSON, and the timeline as errors')
    .option('--not-kept', 'do not note the result in the database')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => drill(terminal, options));
}

async function drill(terminal: Terminal, options: Options): Promise<void> {
  const { readConfig } = await import('../config/config.ts');
  const config = readConfig(terminal.env, 'database');
  const plan = await planOf(terminal, options, config);
  const { madeFolder, writeReports } = await import('../drill/report/files.ts');
  const folder = await madeFolder(options.output ?? config.DRILL_REPORTS).catch((error: unknown) => {
    throw misuse(`no reports can be written: ${wordsOf(error)}`);
  });
  const report = await played(terminal, options, plan);
  if (options.json) sayJson(terminal, report, 'line');
  else await sayReport(terminal, report);
  if (!options.notKept && !report.endedEarly) await keep(terminal, report);
  if (!report.passed) terminal.exitCode = EXIT.failed;
  const paths = await writeReports(report, folder).catch((error: unknown) => {
    throw new Failed(`The reports could not be written: ${wordsOf(error)}`);
  });
  if (!options.json) say(terminal, '', ...paths.map((path) => `  ${path}`));
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function planOf(terminal: Terminal, options: Options, config: Config): Promise<DrillPlan> {
  const { isFault, FAULTS } = await import('../core/drills.ts');
  const { MINUTE, SECOND } = await import('../core/time.ts');
  const { durationIn } = await import('./common/duration.ts');
  const { DRILLABLE, isDrillable } = await import('../drill/settings.ts');
  const fault = options.primary ?? config.DRILL_PRIMARY;
  if (!isFault(fault)) throw misuse(`--primary must be one of ${FAULTS.join(', ')}`);
  const ground = groundOf(options, config);
  const usual = config.DRILL_FOR ?? (ground === 'demo' ? 20 * SECOND : 20 * MINUTE);
  const lasts = options.for === undefined ? usual : durationIn('--for', options.for);
  if (!isDrillable(lasts)) throw misuse(`--for ${DRILLABLE}`);
  const { demoPace, stagingPace } = await import('../drill/play/stage.ts');
  if (ground === 'demo') return { fault, lasts, place: { kind: 'demo' }, pace: demoPace() };
  const place = await stagingOf(terminal, options, config, fault);
  const { OUTAGE_WINDOW: window, OUTAGE_STEADY: steady, OUTAGE_SILENCE: silence, DRAIN_RATE: rate } = config;
  const pace = stagingPace({ window, steady, silence, drainRate: Math.min(rate, 10_000), fault, lasts });
  return { fault, lasts, place, pace };
}

const misuse = (says: string): Failed => new Failed(`error: ${says}`, EXIT.usage);

function groundOf({ demo, staging }: Options, { DRILL_AGAINST }: Config): Ground {
  if (demo && staging) throw misuse('--demo and --staging exclude each other');
  const ground = demo ? 'demo' : staging ? 'staging' : DRILL_AGAINST;
  if (ground !== undefined) return ground;
  throw misuse(
    'a drill is never played with the mail of users: choose --demo (a simulated Mailgun) or --staging (the real one in test mode, with a domain and recipients for drills alone)',
  );
}

async function stagingOf(
  terminal: Terminal,
  options: Options,
  config: Config,
  fault: Fault,
): Promise<DrillPlan['place']> {
  const { canonicalAddress, canonicalDomain } = await import('../core/address.ts');
  const { stagingProblem } = await import('../drill/settings.ts');
  const { domainsIn } = await import('../providers/mailgun/settings.ts');
  const domain = options.domain === undefined ? config.DRILL_DOMAIN : (canonicalDomain(options.domain) ?? undefined);
  const given = options.to?.split(',').map((part) => canonicalAddress(part.trim())) ?? config.DRILL_RECIPIENTS;
  const recipients = given.filter((one) => one !== null);
  if (recipients.length < given.length) throw misuse('--to must be a comma list of addresses');
  const problem = stagingProblem({ domain, recipients, fault, watched: domainsIn(config) });
  if (problem !== null || domain === undefined) throw misuse(problem ?? 'there is no domain');
  if (!config.MAILGUN_API_KEY) throw misuse('a drill against staging needs MAILGUN_API_KEY');
  return { kind: 'staging', env: terminal.env, apiUrl: config.MAILGUN_API_URL, domain, recipients };
}

async function played(terminal: Terminal, { json }: Options, plan: DrillPlan): Promise<DrillReport> {
  const { playDrill } = await import('../drill/play/play.ts');
  const { sinceWords } = await import('../core/words/drills.ts');
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, stop);
  const startedAt = terminal.now();
  try {
    return await playDrill(plan, {
      say({ at, who, says }) {
        const when = `+ ${sinceWords({ startedAt }, at)}`.padEnd(15);
        if (json) sayError(terminal, `${when} ${who.padEnd(7)} ${says}`);
        else say(terminal, wrapped(`${when} ${paint(terminal, 'bold', who.padEnd(7))} `, says));
      },
      signal: stopping.signal,
      now: terminal.now,
    });
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.removeListener(name, stop);
  }
}

const COLOURS = { passed: 'green', failed: 'red', not_needed: 'gray' } as const;

async function sayReport(terminal: Terminal, report: DrillReport): Promise<void> {
  const { CHECK_WORDS, RESULT_WORDS, verdictWords } = await import('../core/words/drills.ts');
  const lines = report.checks.map(({ check, result, says }) => {
    const head = `  ${RESULT_WORDS[result].padEnd(11)}`;
    return `${paint(terminal, COLOURS[result], head)}${wrapped(' '.repeat(head.length), `${CHECK_WORDS[check]}: ${says}`).slice(head.length)}`;
  });
  say(terminal, '', ...lines, '');
  say(terminal, paint(terminal, 'bold', `The drill ${verdictWords(report)}.`));
}

/** The result is noted where there is a database; the report is worth as much without. */
async function keep(terminal: Terminal, report: DrillReport): Promise<void> {
  try {
    const { withStore } = await import('./common/database.ts');
    const { keepDrill } = await import('../store/drills.ts');
    await withStore(terminal, (store) => keepDrill(store, report));
  } catch (error) {
    sayError(
      terminal,
      `The result is in the reports alone, and the daily report will not tell of it: ${wordsOf(error)}`,
    );
  }
}
