import type { Command } from 'commander';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import type { Daemon, StartOptions } from '../daemon/daemon.ts';
import { Failed, type Terminal } from './common/terminal.ts';

const EXAMPLES = `
Stops on SIGTERM and SIGINT: takes nothing new, finishes what is in flight
within 25 s and exits 0. A second signal ends it at once with 1; nothing is lost
by that, only done later.

Examples:
  homing start
  DATABASE_URL=mysql://homing:secret@db:3306/homing homing start`;

export function addStartCommand(program: Command, terminal: Terminal): void {
  program
    .command('start')
    .description('run the daemon: webhooks, intake, reconciler, retries, fallback, alerts')
    .option('--without-lost-keys', 'start although mail is kept whose ENCRYPTION_KEY is lost: it will not be sent')
    .addHelpText('after', EXAMPLES)
    .action((how: StartOptions) => start(terminal, how));
}

/** Below the 25 s that are promised, so that the last line is written in time as well. */
const PATIENCE = 24_000;

async function start(terminal: Terminal, how: StartOptions): Promise<void> {
  const { readConfig } = await import('../config/config.ts');
  const config = readConfig(terminal.env, 'daemon');
  const { createLog } = await import('../base/log.ts');
  const log = createLog(config.LOG_LEVEL, config.LOG_FORMAT, terminal.out);
  outlive(terminal.out, terminal.err);
  await tellOf(config, terminal, log);
  const signalled = signals();
  const { explained, reach } = await import('./common/database.ts');
  await (await reach(config.DATABASE_URL)).close();
  const { startDaemon } = await import('../daemon/daemon.ts');
  const daemon = await startDaemon(config, log, how).catch((error: unknown) => {
    throw portTrouble(error, `${config.HOST}:${config.PORT}`) ?? explained(config.DATABASE_URL, error);
  });
  process.on('uncaughtException', (error) => {
    log.error({ error }, 'something that must not happen has happened: homing ends, and should be started again');
    process.exit(1);
  });
  await signalled;
  await stopInTime(daemon, log);
}

/** Warns of probable mistakes and of what is not set, a line each. */
async function tellOf(config: Config, { env }: Terminal, log: Log): Promise<void> {
  const { doubtsAbout, unsetIn } = await import('../config/doubts.ts');
  for (const says of [...doubtsAbout(env, config), ...unsetIn(config).values()]) log.warn({}, says);
}

/** Mail goes on when the log can't be written any more, as on a full disk, or when its reader is gone. */
function outlive(...outputs: readonly NodeJS.WritableStream[]): void {
  for (const output of outputs) output.removeAllListeners('error').on('error', () => {});
}

/** Resolves at the first SIGTERM or SIGINT; the second ends the process. */
function signals(): Promise<void> {
  return new Promise((resolve) => {
    let first = true;
    const onSignal = () => {
      if (!first) process.exit(1);
      first = false;
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

/** Work that is still in flight after that is taken up when its lease ends, by any daemon that runs then. */
async function stopInTime(daemon: Daemon, log: Log): Promise<void> {
  const { sleep } = await import('../base/wait.ts');
  const stopped = new AbortController();
  const late = sleep(PATIENCE, stopped.signal).then(() => {
    if (!stopped.signal.aborted) log.warn({}, 'stopped with work in flight: it is taken up again when its lease ends');
  });
  await Promise.race([daemon.stop().finally(() => stopped.abort()), late]);
}

function portTrouble(error: unknown, where: string): Failed | null {
  if (!(error instanceof Error) || !('syscall' in error) || error.syscall !== 'listen') return null;
  const code = 'code' in error ? String(error.code) : error.name;
  const why = code === 'EADDRINUSE' ? 'it is in use' : code;
  return new Failed(`Homing can't listen on ${where}: ${why}. Set HOST and PORT.`);
}
