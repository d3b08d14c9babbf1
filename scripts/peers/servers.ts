// Private servers of the other queues: their own folder, their own port on loopback, gone at the end.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from '../../src/lab/servers/mariadb.ts';

export type Server = { port: number; stop(): Promise<void> };

type Launch = { file: string; args: readonly string[]; folder: string; ready: RegExp; signal: string };

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

function programAt(name: string): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find(canRun) ?? null;
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function newFolder(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The server lives as long as the pipe to us is open, so it goes when we are killed, too. */
const GUARDED = 'signal=$1; shift; exec 3<&0; "$@" & pid=$!; (cat <&3; kill -$signal $pid) >/dev/null 2>&1 & wait $pid';

async function launch({ file, args, folder, ready, signal }: Launch): Promise<() => Promise<void>> {
  const server = spawn('sh', ['-c', GUARDED, 'sh', signal, file, ...args], { cwd: folder });
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
