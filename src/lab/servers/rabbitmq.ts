// A private RabbitMQ, from Debian's rabbitmq-server: its own folder, ports, cookie and port mapper, gone at the end.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './mariadb.ts';

export type RabbitMq = {
  port: number;
  url: string;
  /**
   * Kills it as a power cut would; what it has confirmed is there after `restart`. A queue itself is kept for certain only
   * minutes after it was made (names of Ra's servers, in a file that is written now and then), or after `shutDown`.
   */
  kill(): Promise<void>;
  shutDown(): Promise<void>;
  restart(): Promise<void>;
  /** What `rabbitmqctl` does with these arguments; rejects when that fails. */
  control(...args: string[]): Promise<void>;
  stop(): Promise<void>;
};

/** The wrapper on the path changes the user; this is what it calls. */
const SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const CONTROL = '/usr/lib/rabbitmq/bin/rabbitmqctl';
const run = promisify(execFile);

/** Why no RabbitMQ can be had here, or null. Where CI is set nothing may be skipped: the missing server fails the tests. */
export function withoutRabbitMq(): string | null {
  if (process.env['CI']) return null;
  return existsSync(SERVER) ? null : 'rabbitmq-server is not installed';
}

/** The user and the password that are there at the first start. */
export const LOGIN = 'guest:guest';

export async function startRabbitMq(): Promise<RabbitMq> {
  const folder = mkdtempSync(join(tmpdir(), 'homing-rabbitmq-'));
  for (const name of ['home', 'mnesia', 'log']) mkdirSync(join(folder, name));
  const [port, distribution, mapper] = [await freePort(), await freePort(), await freePort()];
  writeFileSync(join(folder, 'rabbitmq.conf'), configuration(port));
  writeFileSync(join(folder, 'enabled_plugins'), '[].');
  const environment = environmentOf(folder, { port, distribution, mapper });
  // Without one of its own the server starts one that outlives it.
  const epmd = guarded('epmd', ['-address', '127.0.0.1', '-port', String(mapper)], environment);
  let server = guarded(SERVER, [], environment);
  const stop = async () => {
    await Promise.all([end(server), end(epmd)]);
    rmSync(folder, { recursive: true, force: true });
  };
  await ready(server).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    port,
    url: `amqp://${LOGIN}@127.0.0.1:${port}`,
    kill: () => end(server),
    async shutDown() {
      const ended = once(server, 'exit');
      server.stdin?.write('TERM\n');
      await ended;
    },
    async restart() {
      server = guarded(SERVER, [], environment);
      await ready(server);
    },
    async control(...args) {
      await run(CONTROL, args, { env: environment });
    },
    stop,
  };
}

const configuration = (port: number): string =>
  [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    'log.console = true',
    'log.console.level = info',
    'log.file = false',
    // The tests' machine may have less than it wants.
    'disk_free_limit.absolute = 1MB',
    'vm_memory_high_watermark.absolute = 1GB',
  ].join('\n');

type Ports = { port: number; distribution: number; mapper: number };

const environmentOf = (folder: string, { port, distribution, mapper }: Ports): NodeJS.ProcessEnv => ({
  PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`,
  HOME: join(folder, 'home'),
  ERL_EPMD_PORT: String(mapper),
  ERL_EPMD_ADDRESS: '127.0.0.1',
  RABBITMQ_NODENAME: `homing-${port}@localhost`,
  RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
  RABBITMQ_DIST_PORT: String(distribution),
  RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
  RABBITMQ_LOG_BASE: join(folder, 'log'),
  RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
  RABBITMQ_CONF_ENV_FILE: '/dev/null',
  RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
  RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +S 2:2',
});

/** It lives in a group of processes, and as long as the pipe to us is open, so all of it goes when we are killed, too. */
const GUARDED =
  'exec 3<&0; setsid "$@" </dev/null 3<&- & pid=$!; (trap "" TERM INT HUP; while read -r signal <&3; do kill -$signal $pid; done; kill -9 -$pid) >/dev/null 2>&1 & wait $pid';

const guarded = (program: string, args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess =>
  spawn('sh', ['-c', GUARDED, 'sh', program, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.stdin?.end();
  await ended;
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const hear = (piece: Buffer) => {
      if (said.length < 200_000) said += piece.toString();
      if (said.includes('Server startup complete')) resolve();
    };
    server.on('error', reject);
    server.on('exit', () => reject(new Error(`rabbitmq-server ended before it was ready:\n${said.slice(-5000)}`)));
    server.stdout?.on('data', hear);
    server.stderr?.on('data', hear);
  });
}
