import { Command, CommanderError } from 'commander';
import { version } from '../base/version.ts';
import { EXIT, safeToPrint, sayError, type Terminal } from './common/terminal.ts';
import { troubleOf } from './common/trouble.ts';

export type AddCommand = (program: Command, terminal: Terminal) => void;

const EXIT_CODES = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration.
Settings come from the environment, and from a file .env in the working
directory (.env.example has them all).`;

/** Runs what the arguments ask for, and says what went wrong; gives the code to end with. */
export async function run(
  commands: readonly AddCommand[],
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  try {
    await programOf(commands, terminal).parseAsync(args, { from: 'user' });
    return terminal.exitCode;
  } catch (error) {
    // Commander has said already what is wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    const { message, exitCode } = troubleOf(error);
    sayError(terminal, message);
    return exitCode;
  }
}

function programOf(commands: readonly AddCommand[], terminal: Terminal): Command {
  const program = new Command('homing')
    .description('Delivery monitor and retry daemon for applications that send mail through Mailgun')
    .version(version())
    .showHelpAfterError('(add --help for what it takes)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out.write(safeToPrint(terminal, text)),
      writeErr: (text) => terminal.err.write(safeToPrint(terminal, text)),
    })
    .addHelpText('after', EXIT_CODES);
  for (const add of commands) add(program, terminal);
  return program;
}
