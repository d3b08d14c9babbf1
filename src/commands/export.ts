import { once } from 'node:events';
import type { Command } from 'commander';
import { EXIT, Failed, type Terminal } from './common/terminal.ts';

const EXAMPLES = `
Prints everything that is kept of a person: messages, deliveries, attempts,
facts, webhooks as they came, alerts, summaries, notes, and why nothing is sent
to the address. Addresses of others are left out. A message that is still to be
sent is kept sealed, and is named with its length alone.

The last line says how much there is of each kind; where it is missing, so is
something before it. The export itself is noted in the audit.

Examples:
  homing export --recipient ann@example.net > ann.json
  homing export --recipient ann@example.net --format csv > ann.csv`;

type Options = { recipient?: string; format: string };

export function addExportCommand(program: Command, terminal: Terminal): void {
  program
    .command('export')
    .description('print all that is kept of a person')
    .option('--recipient <address>', 'whom')
    .option('--format <format>', 'json or csv', 'json')
    .addHelpText('after', EXAMPLES)
    .action(({ recipient, format }: Options, command: Command) => {
      if (recipient === undefined) command.error('error: say whom with --recipient', { exitCode: 2 });
      return exportAll(terminal, recipient, format);
    });
}

async function exportAll(terminal: Terminal, recipient: string, format: string): Promise<void> {
  const { exportText, isExportFormat } = await import('../operate/export-forms.ts');
  const { soleAddressIn } = await import('../mail/recipients.ts');
  const address = soleAddressIn(recipient);
  if (address === null) throw new Failed('error: --recipient must be an e-mail address', EXIT.usage);
  if (!isExportFormat(format)) throw new Failed('error: --format must be json or csv', EXIT.usage);
  const { withStore } = await import('./common/database.ts');
  const { operator } = await import('./common/message.ts');
  const { exportOf } = await import('../operate/export.ts');
  await withStore(terminal, async (store) => {
    const at = terminal.now();
    const records = exportOf(address, { store, who: operator(), now: at });
    for await (const text of exportText(format, records, { recipient: address, at }))
      if (!terminal.out.write(text)) await once(terminal.out, 'drain');
  });
}
