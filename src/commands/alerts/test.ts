import type { Command } from 'commander';
import type { Rule } from '../../core/thresholds/rule.ts';
import type { Replayed, Rung } from '../../tell/thresholds/replay.ts';
import { EXIT, Failed, paint, plural, say, sayJson, type Terminal, wrapped } from '../common/terminal.ts';

const EXAMPLES = `
Plays what happened to the mail of the last days again, five minutes at a time,
and says when each rule would have rung and cleared: those of ALERT_RULES, or
of a file that is not in use yet. Changes nothing, and tells nobody.

Examples:
  homing alerts test
  homing alerts test --rules new-rules.json --days 7
  homing alerts test --json | jq '.rungs[] | select(.rule == "bounced")'`;

type Options = { rules?: string; days: string; json?: boolean };

export function addTestCommand(alerts: Command, terminal: Terminal): void {
  alerts
    .command('test')
    .description('say when rules about figures would have rung')
    .option('--rules <file>', 'rules to try (default: those of ALERT_RULES)')
    .option('--days <number>', 'how far back', '30')
    .option('--json', 'print it as JSON')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => test(terminal, options));
}

async function test(terminal: Terminal, options: Options): Promise<void> {
  if (!/^[1-9]\d{0,2}$/.test(options.days))
    throw new Failed('error: --days must be a whole number from 1 to 999', EXIT.usage);
  const { withStore } = await import('../common/database.ts');
  const { replay } = await import('../../tell/thresholds/replay.ts');
  await withStore(terminal, async (store, config) => {
    const file = options.rules ?? config.ALERT_RULES;
    const rules = await rulesIn(file, options.rules === undefined ? 'ALERT_RULES' : options.rules);
    const progress = progressOn(terminal);
    const played = await replay(store, {
      ...{ rules, days: Number(options.days), timezone: config.REPORT_TIMEZONE, now: terminal.now(), progress },
    });
    if (options.json) return sayJson(terminal, jsonOf(played, rules));
    say(terminal, ...wordsOf(terminal, played, rules));
  });
}

async function rulesIn(file: string | undefined, name: string): Promise<readonly Rule[]> {
  const { readAlertRules } = await import('../../config/alert-rules-file.ts');
  const { rules, problems } = readAlertRules(file);
  if (problems.length > 0) throw new Failed(problems.map((problem) => `${name}: ${problem}`).join('\n'), EXIT.usage);
  return rules;
}

/** A line for each tenth of it, as people wait. */
function progressOn({ err }: Terminal) {
  let told = 0;
  return (done: number, all: number, mails: number): void => {
    const tenths = Math.floor((10 * done) / Math.max(1, all));
    if (tenths <= told || tenths >= 10) return;
    told = tenths;
    err.write(`${tenths * 10} % of the time, ${plural(mails, 'mail', 'mails')}\n`);
  };
}

const iso = (at: number): string => new Date(at).toISOString();

const jsonOf = ({ from, to, mails, rungs }: Replayed, rules: readonly Rule[]) => ({
  ...{ from: iso(from), to: iso(to), mails, rules: rules.map(({ name }) => name) },
  rungs: rungs.map(({ rangAt, clearedAt, ...rung }) => ({
    ...rung,
    rangAt: iso(rangAt),
    clearedAt: clearedAt === null ? null : iso(clearedAt),
  })),
});

function wordsOf(terminal: Terminal, { from, to, mails, rungs }: Replayed, rules: readonly Rule[]): string[] {
  const span = `${iso(from).slice(0, 16)}Z to ${iso(to).slice(0, 16)}Z`;
  const quiet = rules.filter(({ name }) => !rungs.some(({ rule }) => rule === name)).map(({ name }) => name);
  return [
    `${span}: ${plural(mails, 'mail', 'mails')} and ${plural(rules.length, 'rule', 'rules')}.`,
    ...rungs.flatMap((rung) => ['', ...rungWords(terminal, rung)]),
    '',
    `It would have rung ${plural(rungs.length, 'time', 'times')}.`,
    ...(quiet.length > 0 ? [wrapped('Never: ', `${quiet.join(', ')}.`)] : []),
  ];
}

const rungWords = (terminal: Terminal, { rule, rangAt, clearedAt, worst }: Rung): string[] => [
  `${paint(terminal, 'bold', rule)}  ${iso(rangAt).slice(0, 16)}Z to ${clearedAt === null ? 'now' : `${iso(clearedAt).slice(0, 16)}Z`}`,
  wrapped('  ', `At its worst ${worst}.`),
];
