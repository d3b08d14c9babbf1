// The programs of MariaDB and MySQL that write a database out as SQL and read it in again.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { AppError } from '../../base/errors.ts';
import { safeLine } from '../../core/safe-text.ts';
import type { Server } from './url.ts';

const DUMP = ['mariadb-dump', 'mysqldump'];
const CLIENT = ['mariadb', 'mysql'];
const PACKAGE = 'install it (Debian: mariadb-client)';

/** Names of columns are written out, so that what the database computes is left out. Nothing is dropped where it is read in. */
const HOW_TO_DUMP = [
  ...['--single-transaction', '--quick', '--skip-lock-tables', '--hex-blob', '--default-character-set=utf8mb4'],
  ...['--skip-add-drop-table', '--skip-add-locks', '--no-tablespaces', '--skip-triggers', '--complete-insert'],
  ...['--skip-dump-date', '--tz-utc'],
];

/** The database as SQL, as of one moment, while it is used. Throws when it did not come to its end. */
export async function* dumpMysql(server: Server, signal: AbortSignal): AsyncGenerator<Buffer> {
  const options = await optionsFor(server);
  try {
    const child = await started(DUMP, [options.flag, ...HOW_TO_DUMP, server.database], signal);
    let end = Buffer.alloc(0);
    for await (const part of child.stdout as AsyncIterable<Buffer>) {
      end = Buffer.concat([end, part]).subarray(-100);
      yield part;
    }
    await child.ended();
    if (!/^-- Dump completed/m.test(end.toString('latin1'))) throw new Error('the dump of the database was cut off');
  } finally {
    await options.remove();
  }
}

/** Reads such SQL into a database. */
export async function loadMysql(server: Server, sql: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
  const options = await optionsFor(server);
  try {
    const child = await started(CLIENT, [options.flag, '--default-character-set=utf8mb4', server.database], signal);
    const ended = child.ended();
    // It closes its end when it fails; why it did is what it says.
    await Promise.all([
      ended,
      poured(sql, child.stdin).catch((error: unknown) => ended.then(() => Promise.reject(error))),
    ]);
  } finally {
    await options.remove();
  }
}

async function poured(source: AsyncIterable<Buffer>, into: Writable): Promise<void> {
  const failed = once(into, 'error').then(([error]) => Promise.reject(error));
  failed.catch(() => {});
  for await (const part of source) {
    if (!into.write(part)) await Promise.race([once(into, 'drain'), failed]);
  }
  into.end();
}

/**
 * The login goes by a file that this user alone can read: the arguments of a process and its environment are to be seen by
 * others. The files of the machine are not read, as they may say otherwise.
 */
async function optionsFor(server: Server): Promise<{ flag: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'homing-mysql-'));
  const file = join(folder, 'options');
  const authority = join(folder, 'authority.pem');
  if (server.tls?.ca !== undefined) await writeFile(authority, server.tls.ca, { mode: 0o600 });
  const lines = ['[client]', ...loginOf(server), ...tlsOf(server, authority), '[mysqldump]', ...OF_MYSQL];
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return { flag: `--defaults-file=${file}`, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** What the programs of MySQL know and those of MariaDB do not. */
const OF_MYSQL = ['loose-set-gtid-purged=OFF', 'loose-column-statistics=0'];

const loginOf = ({ host, port, user, password }: Server): string[] => [
  `host=${quoted(host)}`,
  `port=${port}`,
  'protocol=tcp',
  `user=${quoted(user)}`,
  ...(password === '' ? [] : [`password=${quoted(password)}`]),
];

/** The programs of the two name it differently; what one does not know it leaves out. */
function tlsOf({ tls }: Server, authority: string): string[] {
  if (tls === null) return ['loose-skip-ssl', 'loose-ssl-mode=PREFERRED'];
  const mode = tls.verifyIdentity ? 'VERIFY_IDENTITY' : tls.rejectUnauthorized ? 'VERIFY_CA' : 'REQUIRED';
  return [
    ...(tls.ca === undefined ? [] : [`ssl-ca=${quoted(authority)}`]),
    'loose-ssl',
    `loose-ssl-verify-server-cert=${tls.rejectUnauthorized ? 1 : 0}`,
    `loose-ssl-mode=${mode}`,
  ];
}

const quoted = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`;

type Started = { stdin: Writable; stdout: NodeJS.ReadableStream; ended(): Promise<void> };

/** The first of the programs that is there. */
async function started(names: readonly string[], args: readonly string[], signal: AbortSignal): Promise<Started> {
  for (const name of names) {
    const child = spawn(name, args, { stdio: ['pipe', 'pipe', 'pipe'], signal, killSignal: 'SIGKILL' });
    const says = lastWordsOf(child);
    const isThere = await new Promise<boolean>((resolve) => {
      child.once('spawn', () => resolve(true));
      child.once('error', () => resolve(false));
    });
    if (!isThere) continue;
    const closed = once(child, 'close') as Promise<[number | null, string | null]>;
    closed.catch(() => {});
    child.stdin.on('error', () => {});
    const ended = async () => {
      const [code, killed] = await closed;
      if (code !== 0) throw new Error(`${name} ended with ${code ?? killed}: ${says()}`);
    };
    return { stdin: child.stdin, stdout: child.stdout, ended };
  }
  throw new AppError('unavailable', `${names.join(' and ')} are not there: ${PACKAGE}`);
}

function lastWordsOf({ stderr }: ChildProcess): () => string {
  let text = '';
  stderr?.setEncoding('utf8').on('data', (part: string) => {
    text = (text + part).slice(-2000);
  });
  return () => {
    const lines = text.split('\n').filter((line) => line.trim() !== '' && !/unknown variable 'loose-/.test(line));
    return safeLine(lines.at(-1) ?? 'it said nothing', 300).trim();
  };
}
