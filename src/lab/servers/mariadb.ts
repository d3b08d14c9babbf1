// A private MariaDB, from Debian's mariadb-server-core: its own folder, its own port, gone at the end.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../../store/db/migrate.ts';
import { openStore } from '../../store/db/open.ts';

export type MariaDb = {
  port: number;
  url(database: string): string;
  /** Kills it as a power cut would, and starts it again in the same folder. */
  crash(): Promise<void>;
  /** Until it has ended by itself. */
  ended(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
};

/** Why no MariaDB can be had here, or null. Where CI is set nothing may be skipped: the missing server fails the tests. */
export function withoutMariaDb(): string | null {
  if (process.env['CI']) return null;
  const missing = spawnSync('mariadbd', ['--version'], { env: searchPath() }).error !== undefined;
  return missing ? 'mariadbd is not installed (Debian: mariadb-server-core)' : null;
}

const searchPath = () => ({ ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin` });

/**
 * Starts a server. Nothing but the data folder is needed: without grant tables it lets everybody in, and it listens on
 * loopback only.
 */
export async function startMariaDb(settings: Record<string, string> = {}): Promise<MariaDb> {
  const folder = mkdtempSync(join(tmpdir(), 'homing-mariadb-'));
  for (const name of ['data', 'temporary']) mkdirSync(join(folder, name));
  const port = await freePort();
  const all = { ...usualSettings(folder, port), ...settings };
  let server = launch(all);
  const stop = async (): Promise<void> => {
    await end(server);
    rmSync(folder, { recursive: true, force: true });
  };
  await ready(server).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    port,
    url: (database) => `mysql://root@127.0.0.1:${port}/${database}`,
    crash: () => end(server),
    ended: () => gone(server),
    restart: () => {
      server = launch(all);
      return ready(server);
    },
    stop,
  };
}

function usualSettings(folder: string, port: number): Record<string, string> {
  return {
    user: userInfo().username,
    datadir: join(folder, 'data'),
    // Not the folder of everybody: a server that starts there deletes the temporary tables of the others.
    tmpdir: join(folder, 'temporary'),
    socket: join(folder, 'socket'),
    port: String(port),
    'bind-address': '127.0.0.1',
    'innodb-flush-log-at-trx-commit': '1',
    'innodb-buffer-pool-size': '64M',
    'innodb-log-file-size': '32M',
    'innodb-stats-persistent': '0',
    // No test cuts the power: what matters is what the server says of itself, and how it behaves.
    'innodb-flush-method': 'nosync',
    'innodb-lock-wait-timeout': '10',
    'max-connections': '200',
  };
}

/**
 * The server lives as long as the pipe to us is open, so it goes when we are killed, too. SIGKILL, because nobody needs
 * its files any more.
 */
const GUARDED = 'exec 3<&0; mariadbd "$@" & pid=$!; (cat <&3; kill -9 $pid) >/dev/null 2>&1 & wait $pid';

function launch(settings: Record<string, string>): ChildProcess {
  const named = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  const args = ['--no-defaults', '--skip-grant-tables', '--skip-log-bin', ...named];
  return spawn('sh', ['-c', GUARDED, 'sh', ...args], { env: searchPath(), stdio: ['pipe', 'ignore', 'pipe'] });
}

/** Makes an empty database there; returns its URL. */
export async function createDatabase(server: Pick<MariaDb, 'url'>, name: string): Promise<string> {
  const root = openStore(server.url(''));
  await root.db.raw('create database ?? character set utf8mb4', [name]);
  await root.close();
  return server.url(name);
}

/** The same with all tables. */
export async function createMigrated(server: Pick<MariaDb, 'url'>, name: string): Promise<string> {
  const url = await createDatabase(server, name);
  const store = openStore(url);
  await migrate(store.db);
  await store.close();
  return url;
}

async function end(server: ChildProcess): Promise<void> {
  const ended = gone(server);
  server.stdin?.end();
  await ended;
}

async function gone(server: ChildProcess): Promise<void> {
  if (server.pid === undefined || server.exitCode !== null || server.signalCode !== null) return;
  await once(server, 'exit');
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    server.on('error', reject);
    server.on('exit', () => reject(new Error(`mariadbd ended before it was ready:\n${log}`)));
    server.stderr?.on('data', (piece: Buffer) => {
      if (log.length < 20_000) log += piece.toString();
      if (/ready for connections/.test(log)) resolve();
    });
  });
}

/** On loopback. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port could be had');
  return address.port;
}
