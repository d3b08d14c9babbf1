import type { Command } from 'commander';
import type { State } from '../core/delivery.ts';
import type { MessageClass } from '../core/message-class.ts';
import type { Found, Search } from '../store/messages/search.ts';
import { EXIT, Failed, paint, printable, say, sayJson, type Terminal, wrapped } from './common/terminal.ts';

const EXAMPLES = `
Newest first. What is listed is what the database knows by now.

Examples:
  homing list --to ann@example.net
  homing list --state abandoned --class access --limit 100
  homing list --to ann@example.net --json | jq .messages[].id`;

type Options = { to?: string; state?: string; class?: string; limit: string; cursor?: string; json?: boolean };

export function addListCommand(program: Command, terminal: Terminal): void {
  program
    .command('list')
    .description('find messages by recipient, state or class')
    .option('--to <address>', 'those to this recipient')
    .option('--state <state>', 'those with a delivery in this state')
    .option('--class <class>', 'access, notice or bulk')
    .option('--limit <number>', 'how many at most, up to 200', '20')
    .option('--cursor <id>', 'go on after this message: the "next" of an earlier list')
    .option('--json', 'print the same as the API answers')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => list(terminal, options));
}

async function list(terminal: Terminal, options: Options): Promise<void> {
  const wanted = await searchIn(options);
  const { withStore } = await import('./common/database.ts');
  const { searchMessages } = await import('../store/messages/search.ts');
  await withStore(terminal, async (store) => {
    const { found, next } = await searchMessages(store, wanted);
    if (options.json) {
      const { summaryOf } = await import('../contract/present.ts');
      return sayJson(terminal, { messages: found.map(summaryOf), next });
    }
    if (found.length === 0) return say(terminal, 'There is no such message.');
    const { timeWords } = await import('../core/words/numbers.ts');
    const { shortReason } = await import('../core/words/reasons.ts');
    for (const one of found) say(terminal, ...linesOf(terminal, one, { timeWords, shortReason }));
    if (next !== null) say(terminal, `There are more: homing list … --cursor ${next}`);
  });
}

async function searchIn({ to, state, class: kind, limit, cursor }: Options): Promise<Search> {
  const { canonicalAddress } = await import('../core/address.ts');
  const { STATES } = await import('../core/delivery.ts');
  const { CLASSES } = await import('../core/message-class.ts');
  const usage = (says: string) => new Failed(`error: ${says}`, EXIT.usage);
  const recipient = to === undefined ? undefined : canonicalAddress(to.trim());
  if (recipient === null) throw usage('--to must be an e-mail address');
  if (state !== undefined && !STATES.some((one) => one === state))
    throw usage(`--state must be one of ${STATES.join(', ')}`);
  if (kind !== undefined && !CLASSES.some((one) => one === kind))
    throw usage(`--class must be one of ${CLASSES.join(', ')}`);
  const most = Number(limit);
  if (!Number.isInteger(most) || most < 1 || most > 200) throw usage('--limit must be a whole number from 1 to 200');
  if (cursor !== undefined && !/^[0-9A-Z]{26}$/.test(cursor)) throw usage('--cursor must be the "next" of a list');
  const how = { state: state as State | undefined, class: kind as MessageClass | undefined };
  return { recipient, ...how, limit: most, cursor };
}

type Words = { timeWords(at: number): string; shortReason(reason: string): string };

/** How many deliveries of one message are shown. */
const SHOWN = 20;

function linesOf(terminal: Terminal, { message, deliveries }: Found, words: Words): string[] {
  const subject = message.subject === null ? '(no subject known)' : `"${printable(message.subject)}"`;
  const more = deliveries.length - SHOWN;
  return [
    `${paint(terminal, 'bold', message.id)}  ${words.timeWords(message.created_at)}  ${message.class}`,
    wrapped('  ', subject),
    ...deliveries.slice(0, SHOWN).map(({ recipient, state, reason, attempt }) => {
      const why = reason === null ? '' : ` (${words.shortReason(reason)})`;
      return wrapped('  ', `${recipient}: ${state}${why}, attempt ${attempt}`);
    }),
    ...(more > 0 ? [`  and ${more} more: homing explain ${message.id}`] : []),
  ];
}
