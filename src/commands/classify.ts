import type { Command } from 'commander';
import type { OwnRules } from '../classifier/classify.ts';
import { safeJson } from '../core/safe-text.ts';
import { EXIT, Failed, say, sayJson, type Terminal, wrapped } from './common/terminal.ts';

const EXAMPLES = `
Reads replies of mail servers from standard input, one a line, as plain text or
as JSON ({"code": 550, "enhanced": "5.7.1", "message": "…", "id": 7}; what else
is in it is ignored), and prints one line of JSON for each, in the order read.

Own rules, in a file named by HOMING_RULES or --rules, are asked before the
built-in ones, in the order of the file:
  [{ "name": "our gateway", "match": "quarantined by policy 12",
     "cause": "policy_block", "decision": "switch_provider" }]

Examples:
  echo '550 5.7.1 Service refused, client host blocked' | homing classify
  homing classify --rules rules.json < replies.txt
  homing classify --unknown --days 30`;

type Options = { rules?: string; unknown?: boolean; days: number; json?: boolean };

export function addClassifyCommand(program: Command, terminal: Terminal): void {
  program
    .command('classify')
    .description('say what replies of mail servers mean, and what is best done about them')
    .option('--rules <file>', 'your own rules (default: the file that HOMING_RULES names)')
    .option(
      '--unknown',
      'list the replies of the last days whose cause nobody could tell, with a rule to paste for each',
    )
    .option('--days <days>', 'how far back --unknown looks', readDays, 7)
    .option('--json', 'print the list of --unknown as JSON (without it, classify prints JSON anyway)')
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      if (options.unknown) return listUnknown(terminal, options);
      await classifyInput(terminal, await ownRules(options.rules ?? terminal.env['HOMING_RULES']));
    });
}

function readDays(text: string): number {
  const days = Number(text);
  if (Number.isFinite(days) && days > 0 && days <= 3650) return days;
  throw new Failed('--days must be a number of days, such as 7', EXIT.usage);
}

/** The rules in a file. When something is wrong with them the command ends and says all of it. */
export async function ownRules(file: string | undefined): Promise<OwnRules | undefined> {
  if (!file) return undefined;
  const { readRules } = await import('../config/rules-file.ts');
  const { rules, problems } = readRules(file);
  if (problems.length === 0) return rules;
  const lines = problems.map((problem) => `  - ${problem}`);
  throw new Failed(`The rules in ${file} have ${problems.length} problem(s):\n${lines.join('\n')}`, EXIT.usage);
}

/**
 * Judges what has arrived, no faster than the output is read. An empty line is answered too, so that each line has its
 * answer.
 */
async function classifyInput(terminal: Terminal, rules: OwnRules | undefined): Promise<void> {
  const { classifyLine } = await import('../classifier/line.ts');
  const answer = async (lines: readonly string[]) => {
    if (lines.length === 0) return;
    const taken = terminal.out.write(`${lines.map((line) => classifyLine(line, rules)).join('\n')}\n`);
    if (!taken) await new Promise<void>((resolve) => terminal.out.once('drain', resolve));
  };
  const rest: string[] = [];
  for await (const part of process.stdin.setEncoding('utf8') as AsyncIterable<string>) {
    // A line may arrive in a thousand parts, so they are put together once.
    const end = part.lastIndexOf('\n');
    if (end < 0) rest.push(part);
    else await answer(`${rest.splice(0).join('')}${part.slice(0, end)}`.split('\n'));
    if (end >= 0 && end < part.length - 1) rest.push(part.slice(end + 1));
  }
  if (rest.length > 0) await answer([rest.join('')]);
}

/** Only the latest so many are looked at: more would fill the memory, and tell no more. */
const MOST_UNKNOWN = 5_000;

async function listUnknown(terminal: Terminal, { days, json }: Options): Promise<void> {
  const { withStore } = await import('./common/database.ts');
  const { unknownReplies } = await import('../store/unclear.ts');
  const { DAY } = await import('../core/time.ts');
  await withStore(terminal, async (store) => {
    const replies = await unknownReplies(store, terminal.now() - days * DAY, MOST_UNKNOWN);
    if (json) return sayJson(terminal, replies);
    if (replies.length === 0) return say(terminal, `No reply of the last ${days} days was unclear.`);
    say(terminal, `Replies of the last ${days} days whose cause is unclear, most frequent first. Paste`);
    say(terminal, 'the rules you want into your rules file, and give each its cause and decision.');
    for (const { count, reply, domains, done, rule } of replies) {
      say(terminal, '', wrapped(`${count} × `, `${reply}  (${domains.join(', ')})`));
      for (const what of done) say(terminal, wrapped('    done: ', what));
      say(terminal, `    rule: ${safeJson(rule)}`);
    }
  });
}
