import type { Command } from 'commander';
import { plural, say, sayJson, type Terminal } from './common/terminal.ts';

const EXAMPLES = `
Run it once, before the daemon is started, when the database comes from a backup
or a snapshot of the machine: what waits in it may have gone out since that was
made. The daemon then asks the provider about each mail before it sends more of
it, and says where a second copy can't be ruled out.

Examples:
  homing restored
  homing restored --json`;

export function addRestoredCommand(program: Command, terminal: Terminal): void {
  program
    .command('restored')
    .description('have the provider asked first, as the database comes from a backup')
    .option('--json', 'print what was done as JSON')
    .addHelpText('after', EXAMPLES)
    .action((options: { json?: boolean }) => restored(terminal, options));
}

async function restored(terminal: Terminal, { json }: { json?: boolean }): Promise<void> {
  const { withStore } = await import('./common/database.ts');
  const { operator } = await import('./common/message.ts');
  const { doubtAll } = await import('../operate/restored.ts');
  const { homesBy } = await import('../providers/registry/homes.ts');
  const { settingsOf } = await import('../config/settings.ts');
  await withStore(terminal, async (store, config) => {
    const homeOf = homesBy(config, settingsOf(config).preference, terminal.now);
    const doubted = await doubtAll(store, homeOf, operator(), terminal.now());
    if (json) return sayJson(terminal, { doubted });
    say(terminal, `${plural(doubted, 'open delivery is', 'open deliveries are')} asked about before more is sent.`);
  });
}
