import type { Command } from 'commander';
import { EXIT, Failed, say, sayError, sayJson, type Terminal } from './common/terminal.ts';

const EXAMPLES = `
The daemon makes backups by itself when BACKUP_DIR is set. Each is sealed with
ENCRYPTION_KEY and read back before it counts. Keep that key elsewhere: without
it no backup opens.

Examples:
  homing backup
  homing backup --to /mnt/elsewhere
  homing backup --to s3://bucket/folder
  homing backup --list`;

type Options = { to?: string; list?: boolean; json?: boolean };

export function addBackupCommand(program: Command, terminal: Terminal): void {
  program
    .command('backup')
    .description('back the database up, sealed and verified, while it is used')
    .option('--to <where>', 'the folder or bucket, in place of BACKUP_DIR')
    .option('--list', 'say what there is, newest first')
    .option('--json', 'print it as JSON')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => (options.list ? list(terminal, options) : backup(terminal, options)));
}

/** So long another process may take. */
const TRIES = 75;

async function backup(terminal: Terminal, options: Options): Promise<void> {
  const { withStore } = await import('./common/database.ts');
  const { backUp } = await import('../backup/make.ts');
  const { accessIn } = await import('../backup/settings.ts');
  const { sleep } = await import('../base/wait.ts');
  const { wordsOf } = await import('../base/errors.ts');
  const { SECOND } = await import('../core/time.ts');
  const { lengthWords } = await import('../core/words/numbers.ts');
  const { sizeWords } = await import('../core/words/backups.ts');
  await withStore(terminal, async (store, config) => {
    const folder = folderIn(options, config);
    const [all = 0, daily = 0, weekly = 0] = config.BACKUP_KEEP;
    const began = terminal.now();
    const deps = {
      ...{
        store,
        folder,
        access: accessIn(config),
        url: config.DATABASE_URL,
        keys: config.ENCRYPTION_KEY,
        now: terminal.now,
      },
      ...{ keep: [all, daily, weekly] as const, signal: new AbortController().signal },
      untidy: (error: unknown) => sayError(terminal, `Old backups could not be taken away: ${wordsOf(error)}.`),
    };
    for (let n = 0; n < TRIES; n++) {
      const made = await backUp(deps).catch((error: unknown) => {
        throw new Failed(`No backup was made: ${wordsOf(error)}.`);
      });
      if (made && options.json) return sayJson(terminal, made);
      const took = lengthWords(terminal.now() - began);
      if (made) return say(terminal, `${made.name} is made and verified: ${sizeWords(made.bytes)}, in ${took}.`);
      await sleep(SECOND);
    }
    throw new Failed('No backup was made: another process is making one.');
  });
}

function folderIn({ to }: Options, { BACKUP_DIR }: { BACKUP_DIR?: string | undefined }): string {
  const folder = to ?? BACKUP_DIR;
  if (folder !== undefined) return folder;
  throw new Failed('error: say where with --to <where>, or set BACKUP_DIR', EXIT.usage);
}

async function list(terminal: Terminal, options: Options): Promise<void> {
  const { readConfig } = await import('../config/config.ts');
  const { placeOf } = await import('../backup/places.ts');
  const { accessIn } = await import('../backup/settings.ts');
  const { timeWords } = await import('../core/words/numbers.ts');
  const { sizeWords } = await import('../core/words/backups.ts');
  const config = readConfig(terminal.env, 'database');
  const folder = folderIn(options, config);
  const place = placeOf(folder, accessIn(config));
  const all = await place.all().catch(async (error: unknown) => {
    throw new Failed(`The backups can't be listed: ${(await place.trouble()) ?? String(error)}.`);
  });
  if (options.json) return sayJson(terminal, { backups: all });
  if (all.length === 0) return say(terminal, `There are no backups in ${folder}.`);
  const lines = all.map(({ name, at, kind, bytes, counts }) =>
    [name, timeWords(at), kind.padEnd(6), sizeWords(bytes).padStart(8), `${counts['messages'] ?? 0} messages`].join(
      '  ',
    ),
  );
  say(terminal, ...lines);
}
