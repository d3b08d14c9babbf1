import type { Command } from 'commander';
import { Failed, plural, say, sayJson, type Terminal } from './common/terminal.ts';

const EXAMPLES = `
"homing start" does this by itself on SQLite; a MySQL database is changed only
when you say so. Several processes may run it at once.

Examples:
  homing migrate
  homing migrate --json
  homing migrate --unlock    after one was killed on a cluster, when none runs`;

export function addMigrateCommand(program: Command, terminal: Terminal): void {
  program
    .command('migrate')
    .description('bring the database up to date')
    .option('--json', 'print what was done as JSON')
    .option('--vacuum', 'rewrite an SQLite file of version 0.1.0, so that it gives room back; stop the daemon first')
    .option('--unlock', 'first take away the lock that a killed migration left on a cluster')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => runMigrate(terminal, options));
}

const WHEN_NONE_RUNS = 'Wait for it; when none runs any more, "homing migrate --unlock" takes its lock away.';

type Options = { json?: boolean; unlock?: boolean; vacuum?: boolean };

async function runMigrate(terminal: Terminal, options: Options): Promise<void> {
  const { readConfig } = await import('../config/config.ts');
  const { DATABASE_URL: url } = readConfig(terminal.env, 'database');
  const { databaseName, explained, reach } = await import('./common/database.ts');
  const { migrate, MigrationUnderWay, unlock } = await import('../store/db/migrate.ts');
  const { LIMITS } = await import('../store/db/mysql.ts');
  const { makeShrinkable } = await import('../store/prune.ts');
  // A new index on a large table takes as long as it takes.
  const store = await reach(url, { limits: { ...LIMITS, query: null } });
  try {
    if (options.unlock) await unlock(store.db);
    const ran = await migrate(store.db).catch((error: unknown) => {
      if (!(error instanceof MigrationUnderWay)) throw explained(url, error);
      throw new Failed(`Nothing was migrated: ${error.message}. ${WHEN_NONE_RUNS}`);
    });
    const database = databaseName(url);
    const rewritten = options.vacuum === true && (await makeShrinkable(store));
    if (options.json) return sayJson(terminal, { database, ran, ...(options.vacuum ? { rewritten } : {}) });
    if (rewritten) say(terminal, `${database} was rewritten: from now on it gives room back.`);
    if (ran.length === 0) return say(terminal, `${database} is up to date: nothing to do.`);
    say(terminal, `${database}: ${plural(ran.length, 'migration', 'migrations')} done.`, ...ran.map((n) => `  ${n}`));
  } finally {
    await store.close();
  }
}
