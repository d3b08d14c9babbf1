import type { Command } from 'commander';
import type { Live } from '../backup/drill/run.ts';
import type { Config } from '../config/config.ts';
import type { RestoreCheck, RestoreDrillReport } from '../core/backups.ts';
import { EXIT, Failed, paint, plural, say, sayError, sayJson, type Terminal, wrapped } from './common/terminal.ts';

const EXAMPLES = `
Restores into a database that is empty, and marks it as restored: the daemon
asks the provider about each open mail before it sends more of it. Nothing is
touched but what --to names. ENCRYPTION_KEY has to hold the key of the backup.

Examples:
  homing restore latest --to sqlite:./restored.sqlite
  homing restore latest --to env:NEW_DATABASE_URL    a URL with a password in it
  homing restore /mnt/backups/homing-20260104T031500Z-8GQ2XK.sealed --to …
  homing restore --drill    tries the last one to the side, and drops it again`;

type Options = { to?: string; from?: string; drill?: boolean; json?: boolean; notKept?: boolean };

export function addRestoreCommand(program: Command, terminal: Terminal): void {
  program
    .command('restore')
    .description('read a backup into an empty database')
    .argument('[backup]', 'latest, the name of a backup, or its file')
    .option('--to <url>', 'the empty database, as in DATABASE_URL, or env: and the name of the variable that says it')
    .option('--from <where>', 'the folder or bucket where the backups are, in place of BACKUP_DIR')
    .option('--drill', 'restore the last one to the side, and find out whether mail would be sent twice')
    .option('--not-kept', 'do not note the result of a drill in the database')
    .option('--json', 'print what was done as JSON')
    .addHelpText('after', EXAMPLES)
    .action((which: string | undefined, options: Options) =>
      options.drill ? drill(terminal, options) : restore(terminal, which, options),
    );
}

async function restore(terminal: Terminal, which: string | undefined, options: Options): Promise<void> {
  if (which === undefined || options.to === undefined)
    throw new Failed('error: say which backup, and with --to which empty database it is to be restored to', EXIT.usage);
  const { readConfig } = await import('../config/config.ts');
  const { databaseProblem } = await import('../store/db/url.ts');
  const url = placeIn(options.to, terminal);
  const problem = databaseProblem(url);
  if (problem !== null) throw new Failed(`error: --to ${problem}`, EXIT.usage);
  const config = readConfig(terminal.env, 'database');
  const { findBackup } = await import('../backup/find.ts');
  const { restoreBackup } = await import('../backup/restore.ts');
  const { doubtAll } = await import('../operate/restored.ts');
  const { homesBy } = await import('../providers/registry/homes.ts');
  const { settingsOf } = await import('../config/settings.ts');
  const { operator } = await import('./common/message.ts');
  const { databaseName, explained } = await import('./common/database.ts');
  const { accessIn } = await import('../backup/settings.ts');
  const found = await findBackup(which, { folder: options.from ?? config.BACKUP_DIR, access: accessIn(config) });
  const began = terminal.now();
  const how = {
    ...{ url, keys: config.ENCRYPTION_KEY, signal: new AbortController().signal },
    progress: options.json ? () => {} : tellerOf(terminal),
  };
  const homeOf = homesBy(config, settingsOf(config).preference, terminal.now);
  const doubted = await restoreBackup(found, how, (store) => doubtAll(store, homeOf, operator(), terminal.now()))
    .catch((error: unknown) => {
      throw explained(url, error);
    })
    .finally(found.done);
  const { manifest } = found;
  const tookMs = terminal.now() - began;
  if (options.json) return sayJson(terminal, { backup: manifest.name, at: manifest.at, tookMs, doubted });
  const { lengthWords, timeWords } = await import('../core/words/numbers.ts');
  say(
    terminal,
    `${manifest.name}, of ${timeWords(manifest.at)}, is restored to ${databaseName(url)} in ${lengthWords(tookMs)}.`,
    `${plural(doubted, 'open delivery is', 'open deliveries are')} asked about before more is sent.`,
    'Next: name it in DATABASE_URL, then "homing doctor" and "homing start".',
  );
}

/** What stands in a command line is seen by everybody on the machine, and kept: a password stands in a variable. */
function placeIn(to: string, { env }: Terminal): string {
  const [, name] = /^env:(\w+)$/.exec(to) ?? [];
  if (name === undefined) return to;
  const url = env[name];
  if (!url) throw new Failed(`error: --to names the variable ${name}, which is not set`, EXIT.usage);
  return url;
}

/** Says each tenth. */
function tellerOf(terminal: Terminal): (share: number) => void {
  let told = 0;
  return (share) => {
    const tenths = Math.floor(share * 10);
    if (tenths <= told) return;
    told = tenths;
    sayError(terminal, `${tenths * 10} %`);
  };
}

async function drill(terminal: Terminal, options: Options): Promise<void> {
  const { readConfig } = await import('../config/config.ts');
  const { RESTORE_CHECK_WORDS } = await import('../core/words/backups.ts');
  const { createLog } = await import('../base/log.ts');
  const config = readConfig(terminal.env, 'daemon');
  const folder = options.from ?? config.BACKUP_DIR;
  if (folder === undefined)
    throw new Failed('error: say where the backups are with --from, or set BACKUP_DIR', EXIT.usage);
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, stop);
  const told = (one: RestoreCheck) => {
    const result = paint(terminal, one.passed ? 'green' : 'red', `  ${one.passed ? 'passed' : 'FAILED'}  `);
    if (!options.json)
      say(terminal, result + wrapped(' '.repeat(10), `${RESTORE_CHECK_WORDS[one.check]}: ${one.says}`).slice(10));
  };
  try {
    const { restoreDrill } = await import('../backup/drill/run.ts');
    const report = await restoreDrill({
      ...{ config, env: terminal.env, folder, now: terminal.now, signal: stopping.signal, say: told },
      ...{ log: createLog('error', config.LOG_FORMAT, terminal.err), live: await liveNow(config) },
    });
    if (options.json) sayJson(terminal, report, 'line');
    else say(terminal, '', paint(terminal, 'bold', `The restore drill ${report.passed ? 'passed' : 'failed'}.`));
    if (!options.notKept) await keepDrill(terminal, report);
    if (!report.passed) terminal.exitCode = EXIT.failed;
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.removeListener(name, stop);
  }
}

/** What is known of the real database, if it can be asked. */
async function liveNow({ DATABASE_URL: url }: Config): Promise<Live | null> {
  const { reach } = await import('./common/database.ts');
  const { countsOf } = await import('../store/backups.ts');
  const { databaseNameOf } = await import('../backup/make.ts');
  const store = await reach(url).catch(() => null);
  try {
    return store && { counts: await countsOf(store), database: await databaseNameOf(store) };
  } catch {
    return null;
  } finally {
    await store?.close();
  }
}

/** The result is worth as much where it can't be noted. */
async function keepDrill(terminal: Terminal, report: RestoreDrillReport): Promise<void> {
  const { withStore } = await import('./common/database.ts');
  const { beginRestoreDrill, endRestoreDrill } = await import('../store/backups.ts');
  const { newId } = await import('../base/ids.ts');
  const failed = report.checks.filter(({ passed }) => !passed).map(({ check }) => check);
  try {
    await withStore(terminal, async (store) => {
      const id = await beginRestoreDrill(store, newId(report.startedAt), report.startedAt);
      if (id !== null) await endRestoreDrill(store, id, { ...report, failed });
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    sayError(terminal, `The result is noted nowhere, and the daily report will not tell of it: ${why}`);
  }
}
