#!/usr/bin/env node
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { addCancelCommand } from './commands/cancel.ts';
import { addClassifyCommand } from './commands/classify.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addExplainCommand } from './commands/explain.ts';
import { addMigrateCommand } from './commands/migrate.ts';
import { addRetryCommand } from './commands/retry.ts';
import { addStartCommand } from './commands/start.ts';
import { EXIT, type Terminal } from './commands/terminal.ts';
import { troubleOf } from './commands/trouble.ts';
import { hushExperimental, readEnvironment } from './env.ts';

/** In the order of the help. The files import nothing heavy before their command runs, so that the help is quick. */
const COMMANDS: readonly ((program: Command, terminal: Terminal) => void)[] = [
  addStartCommand,
  addMigrateCommand,
  addDemoCommand,
  addExplainCommand,
  addRetryCommand,
  addCancelCommand,
  addClassifyCommand,
];

const EXIT_CODES = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration.
Settings come from the environment and from a file .env in the working directory (.env.example has them all).`;

const require = createRequire(import.meta.url);

function programOf(terminal: Terminal): Command {
  const { version } = require('homing/package.json') as { version: string };
  const program = new Command('homing')
    .description('Delivery monitor and retry daemon for applications that send mail through Mailgun')
    .version(version)
    .showHelpAfterError('(add --help for what it takes)')
    .exitOverride()
    .addHelpText('after', EXIT_CODES);
  for (const add of COMMANDS) add(program, terminal);
  return program;
}

async function main(): Promise<void> {
  hushExperimental();
  const colours = process.stdout.isTTY === true && !process.env['NO_COLOR'];
  const terminal = { env: readEnvironment(), now: Date.now, out: process.stdout, err: process.stderr, colours };
  try {
    await programOf(terminal).parseAsync();
  } catch (error) {
    // Commander has said already what is wrong.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
    else {
      const { message, exitCode } = troubleOf(error);
      terminal.err.write(`${message}\n`);
      process.exitCode = exitCode;
    }
  }
  // Not left to the event loop: a name that nobody resolves or a server that says nothing would keep the process.
  process.stdout.write('', () => process.exit());
}

/** The reader has gone, as in `homing explain … | head`: nothing is wrong, and nobody is there to be told. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

await main();
