import type { Command } from 'commander';
import { EXIT, Failed, say, sayJson, type Terminal, wrapped } from './common/terminal.ts';

const EXAMPLES = `
Addresses that Homing sends nothing to: those that a server called dead, that
complained or unsubscribed, and those that an operator put there. Mailgun keeps
lists of its own, which this command does not touch.

Examples:
  homing suppressions list
  homing suppressions list --address ann@example.net
  homing suppressions remove ann@example.net
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
    .option('--json', 'print what was removed as JSON')
    .action((address: string, options: Json) => remove(terminal, address, options));
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

async function remove(terminal: Terminal, given: string, { json }: Json): Promise<void> {
  const { withStore } = await import('./common/database.ts');
  const { operator } = await import('./common/message.ts');
  const { removeSuppression } = await import('../store/projections/suppressions.ts');
  const { suppressionOf } = await import('../http/suppressions.ts');
  await withStore(terminal, async (store) => {
    const row = await removeSuppression(store, given, operator(), terminal.now());
    if (!row) throw new Failed('This address is not on the suppression list.');
    if (json) return sayJson(terminal, { removed: suppressionOf(row) });
    say(terminal, `Removed (it was there as ${row.cause}). Deliveries that failed for it: homing retry <id>.`);
  });
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
