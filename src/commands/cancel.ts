import type { Command } from 'commander';
import type { Cancelled, CancelOutcome } from '../core/cancelled.ts';
import type { Store } from '../store/db/open.ts';
import { Failed, plural, say, sayJson, type Terminal } from './common/terminal.ts';

const EXAMPLES = `
Ends what is still open: nothing more is sent. What a provider has already can't
be taken back, and its arrival is still noticed.

Examples:
  homing cancel 01KB2X7Q9T4M3N5P6R8S0V1W2Y
  homing cancel --key reset:42`;

type Options = { key?: string; recipient?: string; json?: boolean };

export function addCancelCommand(program: Command, terminal: Terminal): void {
  program
    .command('cancel')
    .description('end what is still open of a message')
    .argument('[id]', 'message, delivery or Message-Id')
    .option('--key <key>', "all messages with this key of the application's (v:homing-key)")
    .option('--recipient <address>', 'only the delivery to this recipient')
    .option('--json', 'print what was done as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (id: string | undefined, options: Options, command: Command) => {
      if ((id === undefined) === (options.key === undefined))
        command.error('error: give either the id of a message or --key', { exitCode: 2 });
      await cancel(terminal, id, options);
    });
}

async function cancel(terminal: Terminal, id: string | undefined, options: Options): Promise<void> {
  const { withStore } = await import('./common/database.ts');
  const { messageNamed } = await import('./common/message.ts');
  await withStore(terminal, async (store, config) => {
    const messages =
      id === undefined
        ? await messagesWith(store, options.key ?? '')
        : [(await messageNamed(store, config, id)).message.id];
    const { cancelled, deliveries } = await cancelAll(store, messages, options.recipient, terminal.now());
    const count = (wanted: CancelOutcome) => deliveries.filter(({ outcome }) => outcome === wanted).length;
    const [out, arrived] = [count('already_handed_over'), count('already_delivered')];
    if (options.json) return sayJson(terminal, { messages, cancelled, deliveries });
    if (cancelled === 0) say(terminal, 'Nothing was open any more: nothing to do.');
    else say(terminal, `${plural(cancelled, 'delivery is', 'deliveries are')} cancelled.`);
    if (out > 0) say(terminal, `A provider has ${out} already, and may still deliver.`);
    if (arrived > 0) say(terminal, `${plural(arrived, 'delivery', 'deliveries')} had arrived before.`);
  });
}

async function messagesWith(store: Store, key: string): Promise<string[]> {
  const { messagesByKey } = await import('../store/messages/find.ts');
  const messages = await messagesByKey(store, key);
  if (messages.length === 0) throw new Failed(`No message has the key "${key.slice(0, 200)}".`);
  return messages;
}

async function cancelAll(store: Store, messages: string[], recipient: string | undefined, now: number) {
  const { operator } = await import('./common/message.ts');
  const { cancelMessage } = await import('../operate/operate.ts');
  const who = operator();
  const request = { recipient, who, reason: 'by_operator' as const, said: `by ${who}` };
  const all: Cancelled = { cancelled: 0, deliveries: [] };
  for (const message of messages) {
    const { cancelled, deliveries } = await cancelMessage(store, { ...request, message }, now);
    all.cancelled += cancelled;
    all.deliveries.push(...deliveries);
  }
  return all;
}
