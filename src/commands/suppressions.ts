import type { Command } from 'commander';
import type { ProviderList } from '../core/suppression.ts';
import type { Unlisted, Wish } from '../operate/unsuppress.ts';
import { domainsIn } from '../providers/mailgun/settings.ts';
import type { Store } from '../store/db/open.ts';
import { EXIT, Failed, say, sayJson, type Terminal, wrapped } from './common/terminal.ts';

const EXAMPLES = `
Addresses that Homing sends nothing to: those that a server called dead, that
complained or unsubscribed, and those that an operator put there. Mailgun keeps
lists of its own for each domain, and sends nothing to who is on them either:
"remove --at-mailgun" takes the address off there too. Without --lists it takes
what goes with the reason: a bounce for an address that was called dead, and a
complaint or an unsubscription only where that is the reason on our list.

Examples:
  homing suppressions list
  homing suppressions list --address ann@example.net
  homing suppressions remove ann@example.net --at-mailgun
  homing suppressions remove ann@example.net --at-mailgun --lists complaints
  homing suppressions add ann@example.net --reason "asked by phone"`;

type Json = { json?: boolean };

export function addSuppressionsCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('suppressions')
    .description('show and change the list of addresses that nothing is sent to')
    .addHelpText('after', EXAMPLES);
  command
    .command('list')
    .description('list the addresses, with the reply that put each there')
    .option('--address <address>', 'only this one')
    .option('--json', 'print one line of JSON for each')
    .action((options: Json & { address?: string }) => list(terminal, options));
  command
    .command('remove')
    .description('take an address off the list, so that mail to it is sent again')
    .argument('<address>')
    .option('--at-mailgun', "take it off Mailgun's own lists of our domains as well")
    .option('--lists <lists>', 'with --at-mailgun, a comma list of bounces, complaints, unsubscribes')
    .option('--json', 'print what was removed as JSON')
    .action((address: string, options: RemoveOptions) => remove(terminal, address, options));
  command
    .command('add')
    .description('put an address on the list')
    .argument('<address>')
    .option('--reason <text>', 'why, for whoever reads the list')
    .option('--json', 'print what was done as JSON')
    .action((address: string, options: Json & { reason?: string }) => add(terminal, address, options));
}

const PAGE = 200;

/** Page by page: the list may be long. */
async function list(terminal: Terminal, { address, json }: Json & { address?: string }): Promise<void> {
  const { withStore } = await import('./common/database.ts');
  const { listSuppressions } = await import('../store/projections/suppressions.ts');
  const { suppressionOf } = await import('../http/suppressions.ts');
  await withStore(terminal, async (store) => {
    let count = 0;
    for (let after: string | null | undefined; after !== null; ) {
      const { rows, next } = await listSuppressions(store, { limit: PAGE, after, address });
      for (const row of rows) {
        const shown = suppressionOf(row);
        if (json) sayJson(terminal, shown, 'line');
        else {
          say(terminal, `${shown.address}  ${shown.cause} since ${shown.createdAt}`);
          if (shown.reply !== null) say(terminal, wrapped('    reply: ', shown.reply));
          if (shown.delivery !== null) say(terminal, `    homing explain ${shown.delivery}`);
        }
      }
      count += rows.length;
      after = next;
    }
    if (count === 0 && !json) say(terminal, address ? 'It is not on the list.' : 'The list is empty.');
  });
}

type RemoveOptions = Json & { atMailgun?: boolean; lists?: string };

async function remove(terminal: Terminal, given: string, options: RemoveOptions): Promise<void> {
  const { withStore } = await import('./common/database.ts');
  const { operator } = await import('./common/message.ts');
  const { listSuppressions, removeSuppression } = await import('../store/projections/suppressions.ts');
  const { suppressionOf } = await import('../http/suppressions.ts');
  const { canonicalAddress } = await import('../core/address.ts');
  const address = canonicalAddress(given.trim()) ?? given.trim();
  const lists = options.lists === undefined ? null : await listsIn(options);
  await withStore(terminal, async (store) => {
    const { rows } = await listSuppressions(store, { limit: 1, address });
    const cause = rows[0]?.cause ?? null;
    if (cause === null && !options.atMailgun)
      throw new Failed(`This address is not on the suppression list. ${MAILGUNS_OWN}`);
    // Mailgun first: if it can't be done there our own list stays, and the command can be given again.
    const wish = { address, cause, lists, who: operator(), why: null };
    const atMailgun = options.atMailgun ? await unlistAtMailgun(terminal, store, wish) : null;
    const row = cause === null ? null : await removeSuppression(store, address, wish.who, terminal.now());
    const removed = row && suppressionOf(row);
    if (options.json) return sayJson(terminal, { removed, ...(atMailgun === null ? {} : { atMailgun }) });
    const how = row ? `Removed (it was there as ${row.cause}).` : 'It was not on our own list.';
    say(terminal, how, ...(atMailgun?.map(unlistedWords) ?? [wrapped('', MAILGUNS_OWN)]));
    say(terminal, 'Deliveries that failed for it: homing retry <id>.');
  });
}

const MAILGUNS_OWN =
  "Mailgun's own lists may hold it, and it sends nothing to it then: --at-mailgun takes it off there too.";

async function listsIn({ lists = '', atMailgun }: RemoveOptions): Promise<ProviderList[]> {
  const { PROVIDER_LISTS } = await import('../core/suppression.ts');
  const named = lists.split(',').map((name) => name.trim());
  const known = PROVIDER_LISTS.filter((list) => named.includes(list));
  if (!atMailgun) throw new Failed('error: --lists goes with --at-mailgun', EXIT.usage);
  if (known.length === named.length) return known;
  throw new Failed(`error: --lists must be a comma list of ${PROVIDER_LISTS.join(', ')}`, EXIT.usage);
}

const unlistedWords = ({ domain, list, removed }: Unlisted): string =>
  `Mailgun, ${domain}: ${removed ? `taken off the ${list}.` : `it was not among the ${list}.`}`;

async function unlistAtMailgun(terminal: Terminal, store: Store, wish: Wish): Promise<Unlisted[]> {
  const { readConfig } = await import('../config/config.ts');
  const { connectProviders } = await import('../providers/registry/registry.ts');
  const { unlist } = await import('../operate/unsuppress.ts');
  const config = readConfig(terminal.env, 'daemon');
  const providers = connectProviders(config, { now: terminal.now, monotonic: terminal.now });
  try {
    const account = providers.named('mailgun')?.account;
    if (!account) return [];
    const { done, problems } = await unlist(store, { ...account, domains: domainsIn(config) }, wish, terminal.now());
    if (problems.length === 0) return done;
    const so = 'Our own list was left as it is. When that is mended, give the command again.';
    const trouble = ['Mailgun did not take it off everywhere:', ...problems.map((p) => `  - ${p}`)];
    throw new Failed([...done.map(unlistedWords), ...trouble, so].join('\n'));
  } finally {
    await providers.close();
  }
}

async function add(terminal: Terminal, given: string, { reason, json }: Json & { reason?: string }): Promise<void> {
  const { withStore } = await import('./common/database.ts');
  const { operator } = await import('./common/message.ts');
  const { canonicalAddress } = await import('../core/address.ts');
  const { addSuppression } = await import('../store/projections/suppressions.ts');
  const address = canonicalAddress(given);
  if (address === null) throw new Failed('This is no e-mail address.', EXIT.usage);
  await withStore(terminal, async (store) => {
    const entry = { address, who: operator(), reason: reason ?? null };
    const added = await addSuppression(store, entry, terminal.now());
    if (json) return sayJson(terminal, { added: added ? 1 : 0 });
    say(terminal, added ? 'Added: nothing is sent to it any more.' : 'It was on the list already.');
  });
}
