import { accessSync, constants, existsSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { databaseName, sqliteFile } from '../common/database.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { roomFor, spaceAt } from './space.ts';

const CHECK = 'spool folder';

/** What this machine needs for what is kept on it. */
export async function checkMachine(config: Config): Promise<Finding[]> {
  const file = sqliteFile(config.DATABASE_URL);
  const places = [
    ...(file === null ? [] : [{ what: `the database (${databaseName(config.DATABASE_URL)})`, folder: dirname(file) }]),
    ...(config.SPOOL_DIR === undefined ? [] : [{ what: 'SPOOL_DIR', folder: config.SPOOL_DIR }]),
  ];
  const rooms = places.flatMap(({ what, folder }) => {
    const space = spaceAt(folder);
    return space ? [roomFor(what, space)] : [];
  });
  return [...rooms, ...(config.SPOOL_DIR === undefined ? [] : spool(config.SPOOL_DIR))];
}

function spool(folder: string): Finding[] {
  if (!existsSync(folder))
    return [warning(CHECK, `${folder} is not there`, 'make it, for the user of the application, or correct SPOOL_DIR')];
  const stats = statSync(folder);
  if (!stats.isDirectory()) return [problem(CHECK, `${folder} is no folder`, 'correct SPOOL_DIR')];
  if (!isWritable(folder))
    return [problem(CHECK, `this user may not write in ${folder}, so nothing is filed from there`, OWNER)];
  const findings = [...strangers(folder, stats), ...aside(folder)];
  return findings.length > 0 ? findings : [ok(CHECK, `${folder} can be read and written`)];
}

const OWNER = 'run daemon and application as one user, or give the folder to that user';

/** Files of others are left alone by the daemon, and records of theirs could be put there by anybody. */
function strangers(folder: string, { mode, uid }: Stats): Finding[] {
  const user = process.getuid?.();
  if ((mode & 0o002) !== 0)
    return [
      warning(CHECK, `everybody may write in ${folder}, and so tell of mail that nobody sent`, `chmod o-w ${folder}`),
    ];
  if (user !== undefined && user !== 0 && uid !== user)
    return [warning(CHECK, `${folder} belongs to another user: the files of its owner are filed, no others`, OWNER)];
  return [];
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function aside(folder: string): Finding[] {
  const file = join(folder, 'set-aside.jsonl');
  if (!existsSync(file)) return [];
  return [warning(CHECK, `${file} has records that could not be understood`, 'look at them, then remove the file')];
}
