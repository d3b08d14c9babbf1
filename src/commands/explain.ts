import type { Command } from 'commander';
import { inTime } from '../core/fold.ts';
import type { Keeping } from '../core/words/holds.ts';
import type { MessageRow, View } from '../store/rows/rows.ts';
import { paint, printable, say, sayJson, type Terminal, wrapped } from './common/terminal.ts';

const EXAMPLES = `
<id> is the id of a message, the id of a delivery, or a Message-Id with or
without its angle brackets.

Examples:
  homing explain 01KB2X7Q9T4M3N5P6R8S0V1W2Y
  homing explain '<20261125090000.1.AB12@mg.example.com>'
  homing explain 01KB2X7Q9T4M3N5P6R8S0V1W2Y --json`;

export function addExplainCommand(program: Command, terminal: Terminal): void {
  program
    .command('explain')
    .description('tell where a message stands, and every fact and decision that led there')
    .argument('<id>', 'message, delivery or Message-Id')
    .option('--json', 'print the same as JSON')
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: { json?: boolean }) => explain(terminal, id, options));
}

async function explain(terminal: Terminal, id: string, options: { json?: boolean }): Promise<void> {
  const { withStore } = await import('./common/database.ts');
  const { messageNamed } = await import('./common/message.ts');
  const { keptAmong } = await import('../store/ledger/kept.ts');
  const { detailOf } = await import('../contract/present.ts');
  await withStore(terminal, async (store, config) => {
    const { message, views } = await messageNamed(store, config, id);
    const kept = await keptAmong(store, views, terminal.now());
    if (options.json) return sayJson(terminal, detailOf(message, views, kept));
    say(terminal, ...(await pageOf(terminal, message, views, kept)));
  });
}

async function pageOf(
  terminal: Terminal,
  message: MessageRow,
  views: readonly View[],
  kept: ReadonlyMap<string, Keeping>,
): Promise<string[]> {
  const { factWords } = await import('../core/words/facts.ts');
  const { explanationOf, ownClassOf } = await import('../contract/present.ts');
  const { timeWords } = await import('../core/words/numbers.ts');
  const own = ownClassOf(views);
  const kind = own === null ? message.class : `${message.class} (${own})`;
  const inOrder = ({ facts }: View) => inTime(facts);
  const subject = message.subject === null ? '(no subject known)' : `"${printable(message.subject)}"`;
  const lines = [
    paint(terminal, 'bold', `Message ${message.id}  ${subject}`),
    wrapped('  ', `from ${message.sender}, through ${message.domain}, class ${kind}`),
    wrapped('  ', `Message-Id <${message.message_id}>, ${ORIGIN[message.origin]} at ${timeWords(message.created_at)}`),
  ];
  for (const view of views) {
    const { state } = view.delivery;
    const { watch } = view.birth.policy;
    lines.push('', `${paint(terminal, 'bold', printable(view.recipient))}  (delivery ${view.id})`);
    lines.push(wrapped('  ', `${state.toUpperCase()}: ${explanationOf(view, kept.get(view.id))}`), '');
    lines.push(...inOrder(view).map((fact) => wrapped(`  ${timeWords(fact.at)}  `, factWords(fact, watch))));
    if (view.facts.length === 0) lines.push('  Nothing has happened to it yet.');
  }
  return lines;
}

const ORIGIN: Record<MessageRow['origin'], string> = {
  recorded: 'recorded by the application',
  queued: 'given to our queue',
  adopted: "known from Mailgun's events",
};
