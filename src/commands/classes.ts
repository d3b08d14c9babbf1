import type { Command } from 'commander';
import type { ClassRule } from '../core/classes.ts';
import { EXIT, Failed, say, sayJson, type Terminal } from './common/terminal.ts';

const EXAMPLES = `
A class says how urgent mail is, and how it is retried. The sender may name it
(v:homing-class). To other mail the file HOMING_CLASSES gives one, by the first
rule that fits; it is a notice where none does:

  {
    "presets": ["reset", "otp", "newsletter"],
    "rules": [{ "tag": "signup-*", "class": "access" },
              { "sender": "*@news.example.com", "class": "bulk" }],
    "classes": { "access": { "life": "10m", "waits": ["20s", "60s"] },
                 "welcome": { "like": "notice", "life": "2h" } }
  }

A rule may name tag, template, subject and sender; "*" stands for anything, and
case does not matter. Presets: reset, magic-link, otp, invite, receipt, billing,
security, digest, newsletter. Of a class may be changed: life, attempts, waits,
fallback, fallbackAfter, alert. A class of your own is like one of the three:
as urgent, and retried in the same way but for what it changes.

Examples:
  homing classes test --tag signup-mail --subject "Confirm your address"
  homing classes test --subject "Reset your password" --json`;

type Options = { tag?: string[]; template?: string; subject?: string; sender?: string; json?: boolean };

export function addClassesCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('classes')
    .description('show which class mail gets, and why')
    .addHelpText('after', EXAMPLES);
  command
    .command('test')
    .description('the class that a message would get by HOMING_CLASSES')
    .option('--tag <tag...>', 'its tags')
    .option('--template <name>', 'its template')
    .option('--subject <text>', 'its subject')
    .option('--sender <address>', 'its From')
    .option('--json', 'print it as JSON')
    .action((options: Options) => test(terminal, options));
}

async function test(terminal: Terminal, { tag = [], template, subject, sender, json }: Options): Promise<void> {
  const { readClasses } = await import('../config/classes-file.ts');
  const { classRuleFor } = await import('../core/classes.ts');
  const { DEFAULT_CLASS } = await import('../core/message-class.ts');
  const file = terminal.env['HOMING_CLASSES']?.trim() || undefined;
  const { classes, problems } = readClasses(file);
  if (problems.length > 0) throw new Failed(`HOMING_CLASSES: ${problems.join('; ')}`, EXIT.configuration);
  const traits = { tags: tag, template: template ?? null, subject: subject ?? null, sender: sender ?? null };
  const rule = classRuleFor(classes.rules, traits);
  const kind = rule?.class ?? DEFAULT_CLASS;
  const like = classes.own?.[kind]?.like ?? null;
  if (json) return sayJson(terminal, { class: kind, ...(like === null ? {} : { like }), rule });
  if (file === undefined) say(terminal, 'HOMING_CLASSES is not set: only the sender gives a class.');
  const name = like === null ? kind : `${kind} (like ${like})`;
  say(terminal, rule ? `${name}: ${wordsOf(rule)}` : `${name}: no rule fits`);
}

function wordsOf({ class: _, preset, ...rule }: ClassRule): string {
  const named = Object.entries(rule).map(([name, pattern]) => `${name} "${pattern}"`);
  return `by ${preset === undefined ? 'a rule of yours' : `the preset ${preset}`}, ${named.join(' and ')}`;
}
