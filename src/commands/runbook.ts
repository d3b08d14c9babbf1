import type { Command } from 'commander';
import { EXIT, Failed, say, type Terminal } from './common/terminal.ts';

const EXAMPLES = `
Without a chapter its chapters are listed. Alerts name theirs.

Examples:
  homing runbook
  homing runbook provider_down
  homing runbook the-first-five-minutes`;

export function addRunbookCommand(program: Command, terminal: Terminal): void {
  program
    .command('runbook')
    .description('what to do when something is wrong, chapter by chapter')
    .argument('[chapter]', 'the name of a chapter, as an alert gives it')
    .addHelpText('after', EXAMPLES)
    .action((name: string | undefined) => print(terminal, name));
}

async function print(terminal: Terminal, name: string | undefined): Promise<void> {
  const { chapters } = await import('../contract/runbook.ts');
  const all = chapters();
  if (name === undefined)
    return say(terminal, ...all.map((chapter) => `${'  '.repeat(chapter.level - 1)}${chapter.name}`));
  const chapter = all.find((one) => one.name === name);
  if (!chapter) throw new Failed(`There is no chapter ${name}: "homing runbook" lists them.`, EXIT.usage);
  say(terminal, chapter.markdown);
}
