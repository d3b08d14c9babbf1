import type { Command } from 'commander';
import { plural, say, sayJson, type Terminal } from './common/terminal.ts';

const EXAMPLES = `
"homing start" does this by itself on SQLite; a MySQL database is changed only
when you say so. Several processes may run it at once.

Examples:
  homing migrate
  homing migrate --json`;

export function addMigrateCommand(program: Command, terminal: Terminal): void {
  program
    .command('migrate')
    .description('bring the database up to date')
    .option('--json', 'print what was done as JSON')
    .addHelpText('after', EXAMPLES)
    .action((options: { json?: boolean }) => runMigrate(terminal, options));
}

async function runMigrate(terminal: Terminal, options: { json?: boolean }): Promise<void> {
  const { readConfig } = await import('../config/config.ts');
  const { DATABASE_URL: url } = readConfig(terminal.env, 'database');
  const { databaseName, reach } = await import('./common/database.ts');
  const { migrate } = await import('../store/db/migrate.ts');
  const { LIMITS } = await import('../store/db/mysql.ts');
  // A new index on a large table takes as long as it takes.
  const store = await reach(url, { limits: { ...LIMITS, query: null } });
  try {
    const ran = await migrate(store.db);
    const database = databaseName(url);
    if (options.json) return sayJson(terminal, { database, ran });
    if (ran.length === 0) return say(terminal, `${database} is up to date: nothing to do.`);
    say(terminal, `${database}: ${plural(ran.length, 'migration', 'migrations')} done.`, ...ran.map((n) => `  ${n}`));
  } finally {
    await store.close();
  }
}
