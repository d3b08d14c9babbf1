import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Config } from '../../config/config.ts';
import { pendingMigrations } from '../../store/db/migrate.ts';
import { durabilityProblems, type Store } from '../../store/db/open.ts';
import { sqliteVersion } from '../../store/inspect.ts';
import { databaseName, reach, sqliteFile } from '../common/database.ts';
import { Failed, plural } from '../common/terminal.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** The findings, and the database when it can be read; whoever gets it closes it. */
export async function checkDatabase(config: Config): Promise<{ findings: Finding[]; store: Store | null }> {
  const url = config.DATABASE_URL;
  const file = sqliteFile(url);
  if (file !== null && !existsSync(file)) return { findings: [notYet(url, file)], store: null };
  let store: Store;
  try {
    store = await reach(url);
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    const mend = file === null ? 'check DATABASE_URL and that the server is up' : 'check the file and its owner';
    return { findings: [problem('database', error.message, mend)], store: null };
  }
  const pending = await pendingMigrations(store.db);
  const findings = [
    ok('database', `${databaseName(url)} answers`),
    migrations(pending, store.kind),
    durability(await durabilityProblems(store)),
    ...(store.kind === 'sqlite' ? [version(await sqliteVersion(store))] : []),
  ];
  if (pending.length === 0) return { findings, store };
  await store.close();
  return { findings, store: null };
}

function notYet(url: string, file: string): Finding {
  let folder = dirname(resolve(file));
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    if (!statSync(folder).isDirectory()) throw new Error('a file stands in its place');
    return warning('database', `${databaseName(url)} does not exist yet`, 'run "homing start", which makes it');
  } catch {
    return problem(
      'database',
      `${databaseName(url)} can't be made: ${folder} is no folder that we may write to`,
      'change its owner or DATABASE_URL',
    );
  }
}

function migrations(pending: readonly string[], kind: Store['kind']): Finding {
  if (pending.length === 0) return ok('migrations', 'the database is up to date');
  const says = `${plural(pending.length, 'migration is', 'migrations are')} missing`;
  return kind === 'sqlite'
    ? warning('migrations', says, 'run "homing migrate", or start the daemon, which does the same')
    : problem('migrations', says, 'run "homing migrate"');
}

function durability(problems: readonly string[]): Finding {
  if (problems.length === 0) return ok('durability', 'what is acknowledged survives a crash');
  return problem(
    'durability',
    problems.join('; '),
    "change the server's settings: the daemon will not start like this",
  );
}

/** Before 3.51.3 two connections could corrupt a file in WAL mode; 3.50.7 and 3.44.6 have the same repair. */
function version(text: string): Finding {
  const [major = 0, minor = 0, patch = 0] = text.split('.').map(Number);
  const at = major * 1e6 + minor * 1e3 + patch;
  const isMended = at >= 3_051_003 || (minor === 50 && patch >= 7) || (minor === 44 && patch >= 6);
  if (isMended) return ok('SQLite version', text);
  return warning(
    'SQLite version',
    `${text} has a defect that can damage a file that several processes write to (mended in 3.51.3)`,
    'update Node.js; until then run one daemon, and no command that writes while it runs',
  );
}
