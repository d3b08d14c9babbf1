import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import type { SupportDeps } from '../contract/support.ts';
import { inTime } from '../core/fold.ts';
import type { Store } from '../store/db/open.ts';
import type { MessageRow, View } from '../store/rows/rows.ts';
import { EXIT, Failed, paint, printable, say, sayJson, type Terminal, wrapped } from './common/terminal.ts';

const EXAMPLES = `
<what> is an address, with or without a name: then it tells of the newest mails
to this person. Or it is the id of a message, the id of a delivery, or a
Message-Id with or without its angle brackets: then every fact and decision
follows. It ends with 1 when nothing is on record.

Examples:
  homing explain anna@example.com
  homing explain 'Anna <anna@example.com>' --limit 3
  homing explain 01KB2X7Q9T4M3N5P6R8S0V1W2Y
  homing explain '<20261125090000.1.AB12@mg.example.com>'
  homing explain 01KB2X7Q9T4M3N5P6R8S0V1W2Y --json`;

type Options = { limit: string; cursor?: string; json?: boolean };

export function addExplainCommand(program: Command, terminal: Terminal): void {
  program
    .command('explain')
    .description('tell where mail stands, what is tried next and what can be done about it')
    .argument('<what>', 'address, message, delivery or Message-Id')
    .option('--limit <number>', 'how many mails to an address, up to 50', '5')
    .option('--cursor <id>', 'go on after this mail to an address: the "next" before')
    .option('--json', 'print the same as the API answers')
    .addHelpText('after', EXAMPLES)
    .action((what: string, options: Options) => explain(terminal, what, options));
}

async function explain(terminal: Terminal, what: string, options: Options): Promise<void> {
  const page = pageIn(options);
  const { withStore } = await import('./common/database.ts');
  const { findMessage } = await import('../store/messages/find.ts');
  await withStore(terminal, async (store, config) => {
    const found = await findMessage(store, what);
    const recipient = found ? null : await recipientIn(what);
    if (recipient !== null) return explainRecipient(terminal, store, config, { recipient, ...page }, options);
    const { messageNamed } = await import('./common/message.ts');
    const { message, views } = found ?? (await messageNamed(store, config, what));
    const { detailWithSupport } = await import('../contract/support.ts');
    const deps = await depsOf(terminal, store, config);
    if (options.json) return sayJson(terminal, await detailWithSupport(deps, message, views));
    say(terminal, ...(await storyOf(terminal, message, views, deps)));
  });
}

function pageIn({ limit, cursor }: Options): { limit: number; cursor: string | undefined } {
  const most = Number(limit);
  if (!Number.isInteger(most) || most < 1 || most > 50)
    throw new Failed('error: --limit must be a whole number from 1 to 50', EXIT.usage);
  if (cursor !== undefined && !/^[0-9A-Z]{26}$/.test(cursor))
    throw new Failed('error: --cursor must be the "next" of an earlier answer', EXIT.usage);
  return { limit: most, cursor };
}

/** The address of a person. In angle brackets alone it is a Message-Id. */
async function recipientIn(what: string): Promise<string | null> {
  const { soleAddressIn } = await import('../mail/recipients.ts');
  return what.trim().startsWith('<') ? null : soleAddressIn(what);
}

async function depsOf(terminal: Terminal, store: Store, config: Config): Promise<SupportDeps> {
  const { termsIn } = await import('../intake/terms.ts');
  const { providers, resendCooldown = config.RESEND_COOLDOWN } = await termsIn(store);
  const { trafficNow } = await import('../contract/traffic.ts');
  const now = terminal.now();
  const traffic = () => trafficNow(store, providers, now);
  return { store, now, providers, cooldown: resendCooldown, retentionDays: config.RETENTION_DAYS, traffic };
}

type Wanted = { recipient: string; limit: number; cursor: string | undefined };

async function explainRecipient(
  terminal: Terminal,
  store: Store,
  config: Config,
  wanted: Wanted,
  { json }: Options,
): Promise<void> {
  const { supportOf } = await import('../contract/support.ts');
  const deps = await depsOf(terminal, store, config);
  const support = await supportOf(deps, wanted);
  if (support.mails.length === 0 && wanted.cursor === undefined) terminal.exitCode = EXIT.failed;
  if (json) return sayJson(terminal, support);
  const { recipientLines } = await import('./explain/cards.ts');
  say(terminal, ...recipientLines(terminal, support, deps.now));
}

async function storyOf(
  terminal: Terminal,
  message: MessageRow,
  views: readonly View[],
  deps: SupportDeps,
): Promise<string[]> {
  const { factWords } = await import('../core/words/facts.ts');
  const { ownClassOf } = await import('../contract/present.ts');
  const { cardsOf } = await import('../contract/support.ts');
  const { timeWords } = await import('../core/words/numbers.ts');
  const { cardLines } = await import('./explain/cards.ts');
  const own = ownClassOf(views);
  const kind = own === null ? message.class : `${message.class} (${own})`;
  const subject = message.subject === null ? '(no subject known)' : `"${printable(message.subject)}"`;
  const lines = [
    paint(terminal, 'bold', `Message ${message.id}  ${subject}`),
    wrapped('  ', `from ${message.sender}, through ${message.domain}, class ${kind}`),
    wrapped('  ', `Message-Id <${message.message_id}>, ${ORIGIN[message.origin]} at ${timeWords(message.created_at)}`),
  ];
  const cards = await cardsOf(deps, views);
  for (const [i, view] of views.entries()) {
    const { watch } = view.birth.policy;
    const card = cards[i];
    lines.push('', `${paint(terminal, 'bold', printable(view.recipient))}  (delivery ${view.id})`);
    if (card) lines.push(...cardLines(terminal, card, deps.now));
    lines.push('', '  What has happened:');
    const facts = inTime(view.facts);
    lines.push(...facts.map((fact) => wrapped(`  ${timeWords(fact.at)}  `, factWords(fact, watch))));
    if (facts.length === 0) lines.push('  Nothing has happened to it yet.');
  }
  return lines;
}

const ORIGIN: Record<MessageRow['origin'], string> = {
  recorded: 'recorded by the application',
  queued: 'given to our queue',
  adopted: "known from Mailgun's events",
};
