import type { Command } from 'commander';
import { Failed, printable, say, type Terminal } from './common/terminal.ts';

const EXAMPLES = `
It is asked on this machine, at HOST and PORT. The exit code is 0 when the answer
is yes, so that it serves as the check of a container or of a supervisor.

Examples:
  homing ready
  homing ready --alive    whether the process answers, even if the database is away`;

export function addReadyCommand(program: Command, terminal: Terminal): void {
  program
    .command('ready')
    .description('whether the daemon on this machine can work')
    .option('--alive', 'only whether it answers')
    .addHelpText('after', EXAMPLES)
    .action((options: { alive?: boolean }) => askDaemon(terminal, options.alive === true));
}

async function askDaemon(terminal: Terminal, alive: boolean): Promise<void> {
  const { readConfig } = await import('../config/config.ts');
  const { HOST, PORT, TLS_CERT } = readConfig(terminal.env, 'database');
  const { hereOf } = await import('../base/loopback.ts');
  const origin = `${TLS_CERT === undefined ? 'http' : 'https'}://${hereOf(HOST)}:${PORT}`;
  const { status, text } = await answerOf(`${origin}${alive ? '/healthz' : '/readyz'}`);
  if (status !== 200)
    throw new Failed(`The daemon at ${origin} is not ready: ${problemsIn(text) ?? `it answered ${status}`}`);
  say(terminal, `The daemon at ${origin} is ${alive ? 'alive' : 'ready'}.`);
}

/** So long a daemon has to answer. */
const PATIENCE = 5000;

/** Its certificate is for its public name, and this is this machine: so it is not looked at. */
async function answerOf(url: string): Promise<{ status: number; text: string }> {
  const { Agent, request } = await import('undici');
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  try {
    const { statusCode: status, body } = await request(url, { dispatcher, signal: AbortSignal.timeout(PATIENCE) });
    return { status, text: (await body.text()).slice(0, 10_000) };
  } catch (error) {
    const { wordsOf } = await import('../base/errors.ts');
    throw new Failed(`Nothing answers at ${url}: ${wordsOf(error)}`);
  } finally {
    await dispatcher.destroy();
  }
}

/** What it says is wrong; null when it says nothing that is understood. */
function problemsIn(text: string): string | null {
  try {
    const { problems } = JSON.parse(text) as { problems?: unknown };
    return Array.isArray(problems) && problems.length > 0 ? printable(problems.join('; ')) : null;
  } catch {
    return null;
  }
}
