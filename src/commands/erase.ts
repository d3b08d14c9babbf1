import type { Command } from 'commander';
import { SECOND } from '../core/time.ts';
import type { Erased } from '../operate/erase.ts';
import { EXIT, Failed, plural, say, sayError, sayJson, type Terminal } from './common/terminal.ts';

const EXAMPLES = `
Removes a person from messages, events, webhooks as they came, alerts, summaries
and notes. What is still open to them is cancelled. Events and records of their
earlier mail that come later are thrown away; mail that is sent to them from now
on is followed as any other. A message that went to others too stays, without
them.

What stays: the address on the list of those that nothing is sent to, as it has
to ("homing suppressions remove" takes it off), copies of the database, logs,
and what Mailgun keeps.

Examples:
  homing erase --recipient ann@example.net
  homing erase --recipient ann@example.net --json`;

type Options = { recipient?: string; json?: boolean };

export function addEraseCommand(program: Command, terminal: Terminal): void {
  program
    .command('erase')
    .description('remove a person from all that is kept')
    .option('--recipient <address>', 'whom')
    .option('--json', 'print what was removed as JSON')
    .addHelpText('after', EXAMPLES)
    .action(({ recipient, ...options }: Options, command: Command) => {
      if (recipient === undefined) command.error('error: say whom with --recipient', { exitCode: 2 });
      return erase(terminal, recipient, options);
    });
}

const PAUSE = 2 * SECOND;

/** Says on stderr how far it is, every few seconds. */
function progressOn(terminal: Terminal): (sofar: Erased, read: number) => void {
  let next = terminal.now() + PAUSE;
  return ({ deliveries, events, texts }, read) => {
    if (terminal.now() < next) return;
    next = terminal.now() + PAUSE;
    sayError(terminal, `… ${read} rows read: ${deliveries} deliveries, ${events} events, ${texts} texts so far`);
  };
}

async function erase(terminal: Terminal, recipient: string, { json }: Options): Promise<void> {
  const { canonicalAddress } = await import('../core/address.ts');
  const address = canonicalAddress(recipient.trim());
  if (address === null) throw new Failed('error: --recipient must be an e-mail address', EXIT.usage);
  const { withStore } = await import('./common/database.ts');
  const { operator } = await import('./common/message.ts');
  const { erase: remove } = await import('../operate/erase.ts');
  const { catchUp } = await import('../intake/told.ts');
  const { termsIn } = await import('../intake/terms.ts');
  await withStore(terminal, async (store) => {
    // What applications told of a message may be about others as well, and is removed with all that it says.
    await catchUp({ store, settings: await termsIn(store) }, terminal.now());
    const erased = await remove(address, { store, who: operator(), now: terminal.now, progress: progressOn(terminal) });
    if (json) return sayJson(terminal, erased);
    say(
      terminal,
      `${plural(erased.deliveries, 'delivery', 'deliveries')} removed, ${erased.cancelled} of them still open; ${plural(erased.messages, 'message', 'messages')}, ${plural(erased.events, 'event', 'events')}.`,
      `The address was taken out of ${plural(erased.texts, 'alert, summary or note', 'alerts, summaries and notes')}.`,
    );
    if (erased.left > 0)
      say(
        terminal,
        `${plural(erased.left, 'event that names them is', 'events that name them are')} not understood yet: run this again in a while.`,
      );
  });
}
