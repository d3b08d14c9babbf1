import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Config } from '../../config/config.ts';
import { keyTrouble } from '../../intake/sealing-keys.ts';
import { pendingMigrations } from '../../store/db/migrate.ts';
import { durabilityProblems, type Store } from '../../store/db/open.ts';
import { parseDatabaseUrl, placeOf } from '../../store/db/url.ts';
import { sqliteVersion, writeTrouble } from '../../store/inspect.ts';
import { databaseName, databaseTrouble, reach, sqliteFile } from '../common/database.ts';
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
  try {
    const { findings, isReady } = await checksOf(store, config, file);
    if (isReady) return { findings, store };
    await store.close();
    return { findings, store: null };
  } catch (error) {
    await store.close();
    throw error;
  }
}

type Checked = { findings: Finding[]; isReady: boolean };

async function checksOf(store: Store, config: Config, file: string | null): Promise<Checked> {
  const pending = await pendingMigrations(store.db);
  const findings = [
    ok('database', `${databaseName(config.DATABASE_URL)} answers${answering(store, config)}`),
    migrations(pending, store.kind),
    durability(await durabilityProblems(store)),
    ...(store.kind === 'sqlite' ? [version(await sqliteVersion(store))] : []),
    ...(file === null ? [] : folderOf(file)),
  ];
  if (pending.length > 0) return { findings, isReady: false };
  return { findings: [...findings, ...(await written(store, config))], isReady: true };
}

/** Which of several servers does. */
function answering(store: Store, config: Config): string {
  const place = parseDatabaseUrl(config.DATABASE_URL);
  const server = store.server();
  return place.kind === 'mysql' && place.others.length > 0 && server !== null ? `, by ${placeOf(server)}` : '';
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

/** SQLite makes two files beside the database, and makes them anew at each start. */
function folderOf(file: string): Finding[] {
  const folder = dirname(resolve(file));
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return [];
  } catch {
    return [problem('database', `this user may not write in ${folder}, where SQLite keeps its files`, WRITABLE)];
  }
}

const WRITABLE = 'change the owner of folder and files, or run as their owner';

/** What only a database that is up to date can tell. */
async function written(store: Store, config: Config): Promise<Finding[]> {
  const trouble = await writeTrouble(store);
  const sealed = await sealing(store, config);
  if (trouble === null) return sealed;
  const says = `nothing can be written in ${databaseName(config.DATABASE_URL)}: ${databaseTrouble(trouble)}`;
  const mend = store.kind === 'sqlite' ? WRITABLE : 'give DATABASE_URL a user and a server that may write';
  return [problem('database', says, mend), ...sealed];
}

/** What is kept sealed must open, and the daemons must agree on the key. */
async function sealing(store: Store, { ENCRYPTION_KEY: keys }: Config): Promise<Finding[]> {
  const trouble = await keyTrouble(store, keys);
  if (trouble === null) return [];
  return [
    problem(
      'encryption key',
      `ENCRYPTION_KEY is not the right one: ${trouble}`,
      'put the old key behind the new one (ENCRYPTION_KEY=new,old)',
    ),
  ];
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
