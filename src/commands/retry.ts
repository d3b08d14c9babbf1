import type { Command } from 'commander';
import type { View } from '../store/rows/rows.ts';
import { plural, say, sayJson, type Terminal, wrapped } from './common/terminal.ts';

const EXAMPLES = `
Opens deliveries that ended without arriving, with as many tries and as much
useful life as a new message has. What arrived, or may have (through a secondary
that tells nothing more), is left alone. The running daemon does the rest.

Examples:
  homing retry 01KB2X7Q9T4M3N5P6R8S0V1W2Y
  homing retry 01KB2X7Q9T4M3N5P6R8S0V1W2Y --recipient ann@example.net`;

type Options = { recipient?: string; json?: boolean };

export function addRetryCommand(program: Command, terminal: Terminal): void {
  program
    .command('retry')
    .description('open deliveries of a message that ended without arriving again')
    .argument('<id>', 'message, delivery or Message-Id')
    .option('--recipient <address>', 'only the delivery to this recipient')
    .option('--json', 'print what was done as JSON')
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: Options) => retry(terminal, id, options));
}

async function retry(terminal: Terminal, id: string, { recipient, json }: Options): Promise<void> {
  const { withStore } = await import('./common/database.ts');
  const { messageNamed, operator } = await import('./common/message.ts');
  const { reopenMessage } = await import('../operate/operate.ts');
  await withStore(terminal, async (store, config) => {
    const { message, views } = await messageNamed(store, config, id);
    const request = { message: message.id, recipient, who: operator(), what: 'retry' as const };
    const { reopened, suppressed, withoutCopy } = await reopenMessage(store, request, terminal.now());
    if (json) return sayJson(terminal, { message: message.id, reopened, suppressed, withoutCopy });
    say(terminal, `${plural(reopened, 'delivery is', 'deliveries are')} open again; the daemon takes up the rest.`);
    if (suppressed)
      say(terminal, `${plural(suppressed, 'address is', 'addresses are')} suppressed: see "homing suppressions".`);
    if (withoutCopy) say(terminal, `Of ${plural(withoutCopy, 'delivery', 'deliveries')} no copy is kept any more.`);
    for (const { recipient } of views.filter(mayBeListed))
      say(terminal, wrapped('', `If Mailgun has listed it: homing suppressions remove ${recipient} --at-mailgun`));
  });
}

/** After a failure that puts an address on Mailgun's own list, or that came from the list. */
function mayBeListed({ suppressed, delivery }: View): boolean {
  const verdict = delivery.attempts.at(-1)?.failure?.verdict;
  return suppressed === null && (verdict?.cause === 'suppressed' || verdict?.decision === 'give_up_suppress');
}
