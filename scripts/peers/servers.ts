// Private servers of the other queues: their own folder, their own port on loopback, gone at the end.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chownSync, constants, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from '../../src/lab/servers/mariadb.ts';

export type Server = { port: number; stop(): Promise<void> };

type Owner = { uid?: number; gid?: number };
type Launch = { file: string; args: readonly string[]; folder: string; ready: RegExp; signal: string; owner?: Owner };

/** An empty one that syncs its log before it answers (`always`), or once a second. */
export async function startRedis(appendfsync: 'always' | 'everysec'): Promise<Server> {
  const file = programAt('redis-server') ?? programAt('valkey-server');
  if (!file) throw new Error('neither redis-server nor valkey-server is installed (Debian: redis-server)');
  const folder = newFolder('homing-redis-');
  const port = await freePort();
  const settings = {
    ...{ port: String(port), bind: '127.0.0.1', dir: folder, save: '' },
    ...{ appendonly: 'yes', appendfsync, 'maxmemory-policy': 'noeviction' },
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const stop = await launch({ file, args, folder, ready: /Ready to accept connections/, signal: 'KILL' });
  return { port, stop };
}

/** With its usual settings but for its memory; they sync each commit. It lets in everybody who can reach it, as the user `bench`. */
export async function startPostgres(): Promise<Server & { url: string }> {
  const [file, initdb] = [programAt('postgres'), programAt('initdb')];
  if (!file || !initdb) throw new Error('postgres and initdb are not installed (Debian: postgresql)');
  const owner = unprivileged();
  const folder = newFolder('homing-postgres-', owner);
  const data = join(folder, 'data');
  const made = spawnSync(initdb, ['-D', data, '-U', 'bench', '-A', 'trust', '-E', 'UTF8', '--locale=C'], {
    ...{ cwd: folder, encoding: 'utf8', ...owner },
  });
  if (made.status !== 0) throw new Error(`initdb: ${made.error?.message ?? made.stderr.trim()}`);
  const port = await freePort();
  const settings = {
    ...{ port, listen_addresses: '127.0.0.1', unix_socket_directories: '', shared_buffers: '256MB' },
    ...{ fsync: 'on', synchronous_commit: 'on', max_connections: 100 },
  };
  const named = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // QUIT ends it at once, and unlike KILL takes its shared memory along.
  const how = { ready: /ready to accept connections/, signal: 'QUIT', owner };
  const stop = await launch({ file, args: ['-D', data, ...named], folder, ...how });
  return { port, stop, url: `postgres://bench@127.0.0.1:${port}/postgres` };
}

/** Where a program is, also when Debian has put it where only its own scripts look. */
function programAt(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean), ...ofDebian()];
  return folders.map((folder) => join(folder, name)).find(canRun) ?? null;
}

function ofDebian(): string[] {
  const root = '/usr/lib/postgresql';
  try {
    const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
    return versions.map((version) => join(root, version, 'bin'));
  } catch {
    return [];
  }
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** PostgreSQL does not run as root. */
function unprivileged(): Owner {
  if (process.getuid?.() !== 0) return {};
  const idOf = (which: string, user: string) => spawnSync('id', [which, user], { encoding: 'utf8' });
  for (const user of ['postgres', 'nobody']) {
    const [uid, gid] = [idOf('-u', user), idOf('-g', user)];
    if (uid.status === 0 && gid.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody');
}

function newFolder(prefix: string, { uid, gid }: Owner = {}): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The server lives as long as the pipe to us is open, so it goes when we are killed, too. */
const GUARDED = 'signal=$1; shift; exec 3<&0; "$@" & pid=$!; (cat <&3; kill -$signal $pid) >/dev/null 2>&1 & wait $pid';

async function launch({ file, args, folder, ready, signal, owner }: Launch): Promise<() => Promise<void>> {
  const server = spawn('sh', ['-c', GUARDED, 'sh', signal, file, ...args], { cwd: folder, ...owner });
  const stop = async () => {
    await end(server);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await isReady(server, ready);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

function isReady(server: ChildProcess, ready: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    const hear = (piece: Buffer) => {
      if (log.length < 20_000) log += piece.toString();
      if (ready.test(log)) resolve();
    };
    server.on('error', reject);
    server.on('exit', () => reject(new Error(`it ended before it was ready:\n${log}`)));
    server.stdout?.on('data', hear);
    server.stderr?.on('data', hear);
  });
}

async function end(server: ChildProcess): Promise<void> {
  if (server.pid === undefined || server.exitCode !== null || server.signalCode !== null) return;
  const gone = once(server, 'exit');
  server.stdin?.end();
  await gone;
}
