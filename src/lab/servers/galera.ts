// Three nodes of a Galera cluster on loopback, from Debian's mariadb-server and galera-4: their own folder, their own
// ports, gone at the end.
import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SECOND } from '../../core/time.ts';
import { openStore, type Store } from '../../store/db/open.ts';
import { freePort } from './mariadb.ts';

const PROVIDER = '/usr/lib/galera/libgalera_smm.so';

export type GaleraNode = {
  name: string;
  port: number;
  /** Where it alone is asked. */
  url(database: string): string;
  /** One statement, on a connection of its own. */
  ask(sql: string): Promise<Record<string, unknown>[]>;
  /** Stops it as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again, and waits until it has what the others have. */
  start(): Promise<void>;
  /** Its process gets no time, and its connections stay open. */
  pause(): void;
  resume(): void;
  /** Cuts it from the others, while clients still reach it. */
  isolate(isAlone: boolean): Promise<void>;
  /** Stands still for a backup: desynced, with all tables locked. */
  lock(): Promise<void>;
  unlock(): Promise<void>;
  synced(): Promise<void>;
};

export type Galera = {
  nodes: readonly GaleraNode[];
  /** Names all nodes, beginning with this one. */
  url(database: string, first?: number): string;
  stop(): Promise<void>;
};

/** Why no cluster can be had here, or null. Where CI is set nothing may be skipped: what is missing fails the tests. */
export function withoutGalera(): string | null {
  if (process.env['CI']) return null;
  if (!existsSync(PROVIDER)) return 'Galera is not installed (Debian: galera-4)';
  const missing = ['mariadbd', 'mariadb-install-db', 'wsrep_sst_rsync', 'rsync'].find((name) => !isThere(name));
  return missing === undefined ? null : `${missing} is not installed (Debian: mariadb-server, rsync)`;
}

const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`;
const isThere = (name: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${name}`], { env: { PATH } }).status === 0;

/** The programs that copy a whole database to a node do not run as root. */
function userOfServers(): { name: string; uid: number; gid: number } | null {
  if (userInfo().uid !== 0) return null;
  for (const name of ['mysql', 'nobody']) {
    const found = spawnSync('id', [name], { encoding: 'utf8' }).stdout;
    const [, uid, gid] = /uid=(\d+).*? gid=(\d+)/.exec(found) ?? [];
    if (uid !== undefined && gid !== undefined) return { name, uid: Number(uid), gid: Number(gid) };
  }
  return null;
}

/** Starts the cluster: the first node by itself, and the others take all that they need from it. */
export async function startGalera(): Promise<Galera> {
  const user = userOfServers();
  const folder = mkdtempSync(join(tmpdir(), 'homing-galera-'));
  const own = (path: string) => user && chownSync(path, user.uid, user.gid);
  chmodSync(folder, 0o755);
  own(folder);
  const seed = join(folder, 'seed');
  execFileSync(
    'mariadb-install-db',
    ['--no-defaults', `--datadir=${seed}`, '--skip-test-db', '--auth-root-authentication-method=normal', ...as(user)],
    { env: { PATH }, stdio: 'ignore' },
  );
  const places: Place[] = [];
  for (const name of ['a', 'b', 'c']) {
    const own4 = [await freePort(), await freePort(), await freePort(), await freePort()] as const;
    places.push({ name, folder: join(folder, name), ports: own4 });
  }
  const group = places.map(({ ports }) => `127.0.0.1:${ports[1]}`).join(',');
  for (const place of places) {
    mkdirSync(place.folder);
    mkdirSync(join(place.folder, 'temporary'));
    execFileSync('cp', ['-a', seed, join(place.folder, 'data')]);
    for (const path of [place.folder, join(place.folder, 'temporary')]) own(path);
  }
  const nodes = places.map((place) => createNode(place, [...as(user), ...optionsOf(place, group)]));
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.kill()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await nodes[0]?.bootstrap();
    for (const node of nodes.slice(1)) await started(node);
  } catch (error) {
    await stop();
    throw error;
  }
  const url = (database: string, first = 0) => {
    const hosts = [...places.slice(first), ...places.slice(0, first)].map(({ ports }) => `127.0.0.1:${ports[0]}`);
    return `mysql://root@${hosts.join(',')}/${database}`;
  };
  return { nodes, url, stop };
}

/** On a busy machine those of the group may take a new one for lost before it has joined them. */
async function started(node: GaleraNode, tries = 3): Promise<void> {
  try {
    await node.start();
  } catch (error) {
    if (tries === 1) throw error;
    await node.kill();
    await started(node, tries - 1);
  }
}

const as = (user: { name: string } | null): string[] => (user ? [`--user=${user.name}`] : []);

/** Four ports: for clients, for the group, for what a node missed, and for a whole copy. */
type Place = { name: string; folder: string; ports: readonly [number, number, number, number] };

function optionsOf({ name, folder, ports: [clients, group, missed, copy] }: Place, all: string): string[] {
  const provider = {
    'gmcast.listen_addr': `tcp://127.0.0.1:${group}`,
    'ist.recv_addr': `127.0.0.1:${missed}`,
    'gcache.size': '64M',
    // Some seconds, so that a play is not mostly waiting: three times as long by default.
    'evs.keepalive_period': 'PT0.5S',
    'evs.suspect_timeout': 'PT2S',
    'evs.inactive_timeout': 'PT4S',
    'evs.install_timeout': 'PT4S',
  };
  const options = {
    datadir: join(folder, 'data'),
    tmpdir: join(folder, 'temporary'),
    socket: join(folder, 'socket'),
    'pid-file': join(folder, 'pid'),
    port: clients,
    'bind-address': '127.0.0.1',
    'innodb-flush-log-at-trx-commit': 1,
    'innodb-autoinc-lock-mode': 2,
    'binlog-format': 'ROW',
    'innodb-buffer-pool-size': '64M',
    'innodb-log-file-size': '32M',
    'innodb-stats-persistent': 0,
    // No test cuts the power: what matters is what the server says of itself, and how it behaves.
    'innodb-flush-method': 'nosync',
    'max-connections': 200,
    'wsrep-on': 'ON',
    'wsrep-provider': PROVIDER,
    'wsrep-cluster-name': 'homing',
    'wsrep-cluster-address': `gcomm://${all}`,
    'wsrep-node-name': name,
    'wsrep-node-address': `127.0.0.1:${group}`,
    'wsrep-node-incoming-address': `127.0.0.1:${clients}`,
    'wsrep-sst-method': 'rsync',
    'wsrep-sst-receive-address': `127.0.0.1:${copy}`,
    'wsrep-slave-threads': 2,
    'wsrep-provider-options': Object.entries(provider)
      .map((pair) => pair.join('='))
      .join(';'),
  };
  return Object.entries(options).map(([option, value]) => `--${option}=${value}`);
}

/**
 * The node lives as long as the pipe to us is open, so it goes when we are killed, too. Its process is told to us on stdout.
 */
const GUARDED = `exec 3<&0; mariadbd "$@" >/dev/null & pid=$!; echo $pid; (cat <&3; kill -9 $pid) >/dev/null 2>&1 & wait $pid`;

function createNode(place: Place, options: readonly string[]): GaleraNode & { bootstrap(): Promise<void> } {
  const port = place.ports[0];
  const url = (database: string) => `mysql://root@127.0.0.1:${port}/${database}`;
  let locker: Store | null = null;
  let release = async () => {};
  let running: { child: ChildProcess; pid: number } | null = null;
  const ask = async (sql: string) => {
    const store = openStore(url(''), { limits: { query: 60_000, connection: 60_000, trust: 0, sign: 60_000 } });
    try {
      const [rows] = (await store.db.raw(sql)) as [Record<string, unknown>[]];
      return rows;
    } finally {
      await store.close();
    }
  };
  const ended = () => {
    const log = readFileSync(join(place.folder, 'log'), 'utf8').split('\n');
    return new Error(
      [`the node ${place.name} has ended`, ...log.filter((l) => l.includes('[ERROR]')).slice(-5)].join('\n'),
    );
  };
  const synced = async () => {
    for (;;) {
      if (running === null || running.child.exitCode !== null) throw ended();
      const rows = await ask("show global status like 'wsrep_local_state'").catch(() => []);
      if (rows[0]?.['Value'] === '4') return;
      await sleep(100);
    }
  };
  const launch = async (more: readonly string[]) => {
    const args = ['--no-defaults', '--skip-grant-tables', ...options, ...more];
    const child = spawn('sh', ['-c', GUARDED, 'sh', ...args], { env: { ...process.env, PATH }, stdio: 'pipe' });
    child.stderr.pipe(createWriteStream(join(place.folder, 'log'), { flags: 'a' }));
    const [told] = (await once(child.stdout, 'data')) as [Buffer];
    running = { child, pid: Number(told.toString()) };
    await synced();
  };
  const signal = (name: NodeJS.Signals) => {
    if (running) process.kill(running.pid, name);
  };
  return {
    ...{ name: place.name, port, url, ask, synced },
    bootstrap: () => launch(['--wsrep-new-cluster']),
    start: async () => launch(await positionOf(options)),
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    async isolate(isAlone) {
      await ask(`set global wsrep_provider_options = 'gmcast.isolate=${isAlone ? 1 : 0}'`);
    },
    async lock() {
      await ask('set global wsrep_desync = ON');
      const store = openStore(url(''));
      locker = store;
      const connection: unknown = await store.db.client.acquireConnection();
      await store.db.raw('flush tables with read lock').connection(connection);
      release = () => store.db.client.releaseConnection(connection);
    },
    async unlock() {
      await release();
      await locker?.close();
      await ask('set global wsrep_desync = OFF');
    },
    async kill() {
      const { child } = running ?? {};
      running = null;
      if (!child || child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.stdin?.end();
      await ended;
    },
  };
}

/**
 * Where a node that was killed stood: with that the others send it what it missed, and not all there is. Without an answer
 * in time it gets a whole copy: a server that could not make sense of its log has taken 22 GB of memory over it.
 */
async function positionOf(options: readonly string[]): Promise<string[]> {
  const { stderr } = await promisify(execFile)('mariadbd', ['--no-defaults', '--wsrep-recover', ...options], {
    ...{ env: { PATH }, timeout: RECOVERY, killSignal: 'SIGKILL' },
  }).catch((error: { stderr?: string }) => ({ stderr: error.stderr ?? '' }));
  const [, at] = /WSREP: Recovered position:\s*([0-9a-f-]{36}:\d+)/.exec(stderr) ?? [];
  return at === undefined ? [] : [`--wsrep-start-position=${at}`];
}

const RECOVERY = 45 * SECOND;
