import type { Command } from 'commander';
import type { DnsFinding, Level } from '../core/care/dns.ts';
import type { Kept } from '../store/care.ts';
import { EXIT, paint, plural, printable, say, sayJson, type Terminal } from './common/terminal.ts';

const EXAMPLES = `
Looks up SPF, DKIM, DMARC, MX, the name for tracking, and the names of the IP
addresses that mail leaves from, and compares them with what Mailgun and the
secondaries want. Daemons do so once a day, and tell what has changed. What
could not be looked up is unsure, and never missing. Exits 1 when something is
bad.

Examples:
  homing dns
  homing dns --json | jq '.findings[] | select(.level == "bad") | .publish'`;

type Options = { patience: string; json?: boolean };

export function addDnsCommand(program: Command, terminal: Terminal): void {
  program
    .command('dns')
    .description('look at the DNS records that mail needs, and tell what to publish')
    .option('--patience <duration>', 'how long to wait for each answer', '6s')
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => dns(terminal, options));
}

async function dns(terminal: Terminal, options: Options): Promise<void> {
  const { withCare } = await import('./common/care.ts');
  const { lookAtDns } = await import('../care/look-at-dns.ts');
  const found = await withCare(terminal, options, lookAtDns);
  const sorted = found.toSorted((a, b) => ORDER[a.body.level] - ORDER[b.body.level] || (a.name < b.name ? -1 : 1));
  const count = (level: Level) => sorted.filter(({ body }) => body.level === level).length;
  if (options.json) sayJson(terminal, { bad: count('bad'), unsure: count('unsure'), findings: sorted.map(shown) });
  else {
    const { recordWords } = await import('../core/words/care.ts');
    const sum = `${plural(count('bad'), 'record', 'records')} bad, ${count('unsure')} unsure, ${count('note')} worth a look, ${count('good')} good.`;
    say(
      terminal,
      ...sorted.flatMap(({ body }) => [
        lineOf(terminal, body),
        ...body.publish.map((record) => `         publish: ${printable(recordWords(record))}`),
      ]),
      '',
      sum,
    );
  }
  if (count('bad') > 0) terminal.exitCode = EXIT.failed;
}

const ORDER: Record<Level, number> = { bad: 0, unsure: 1, note: 2, good: 3 };
const COLOUR = { bad: 'red', unsure: 'yellow', note: 'yellow', good: 'green' } as const;

const lineOf = (terminal: Terminal, { level, topic, says }: DnsFinding): string =>
  `${paint(terminal, COLOUR[level], level.padEnd(8))} ${topic.padEnd(12)} ${printable(says)}.`;

/** `since` is when this was first seen, of what is known for sure. */
function shown({ body, since, lookedAt }: Kept<DnsFinding>) {
  const { topic, about, level, says, publish } = body;
  const at = (moment: number | null) => (moment === null ? null : new Date(moment).toISOString());
  return { topic, about, level, says, publish, since: level === 'unsure' ? null : at(since), lookedAt: at(lookedAt) };
}
