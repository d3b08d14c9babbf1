// A Prometheus and an Alertmanager of their own, from Debian: their own folders, their own ports, gone at the end.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from '../../src/lab/servers/mariadb.ts';

export const RULES = join(import.meta.dirname, '../../deploy/prometheus/rules.yml');
export const RULES_TEST = join(import.meta.dirname, '../../deploy/prometheus/rules.test.yml');

const NEEDED = {
  prometheus: 'prometheus',
  promtool: 'prometheus',
  'prometheus-alertmanager': 'prometheus-alertmanager',
};

/** Why they can't be had here, or null. Where CI is set nothing may be skipped: what is missing fails the tests. */
export function withoutPrometheus(): string | null {
  if (process.env['CI']) return null;
  const missing = Object.entries(NEEDED).filter(([name]) => spawnSync(name, ['--version']).error !== undefined);
  return missing.length === 0 ? null : `not installed: ${missing.map(([, of]) => of).join(', ')} (Debian)`;
}

/** What promtool says; it throws when that is no good. */
export function promtool(args: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`promtool ${args.join(' ')}\n${stdout}${stderr}`, { cause: error });
  return stdout + stderr;
}

/** The server lives as long as the pipe to us is open, so it goes when we are killed, too. */
const GUARDED = 'exec 3<&0; "$@" & pid=$!; (cat <&3; kill -9 $pid) >/dev/null 2>&1 & wait $pid';

type Server = { url: string; stop(): Promise<void> };

async function start(t: TestContext, name: keyof typeof NEEDED, args: (folder: string) => string[]): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), `homing-${name}-`));
  const port = await freePort();
  const command = [name, ...args(folder), `--web.listen-address=127.0.0.1:${port}`, '--log.level=warn'];
  const server = spawn('sh', ['-c', GUARDED, 'sh', ...command], { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  server.stderr.on('data', (piece: Buffer) => {
    said = (said + piece.toString()).slice(-5000);
  });
  const stop = async () => {
    await end(server);
    rmSync(folder, { recursive: true, force: true });
  };
  t.after(stop);
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    if (server.exitCode !== null) throw new Error(`${name} ended before it was ready:\n${said}`);
    const isReady = await fetch(`${url}/-/ready`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isReady) return { url, stop };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.stdin?.end();
  await ended;
}

/** Passes all alerts on to that URL, at once. */
export const startAlertmanager = (t: TestContext, receiver: string): Promise<Server> =>
  start(t, 'prometheus-alertmanager', (folder) => {
    const file = join(folder, 'alertmanager.yml');
    const route = { receiver: 'test', group_wait: '0s', group_interval: '1s', repeat_interval: '1h' };
    const receivers = [{ name: 'test', webhook_configs: [{ url: receiver, send_resolved: true }] }];
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ route, receivers }));
    return [`--config.file=${file}`, `--storage.path=${folder}`, '--cluster.listen-address='];
  });

export type Prometheus = Server & {
  /** The value of an expression that has one; null when it has none. */
  value(query: string): Promise<number | null>;
};

/** Scrapes daemons every second by our rules, and tells the Alertmanager. */
export async function startPrometheus(
  t: TestContext,
  { daemons, token, alertmanager }: { daemons: readonly string[]; token: string; alertmanager: string },
): Promise<Prometheus> {
  const server = await start(t, 'prometheus', (folder) => {
    const file = join(folder, 'prometheus.yml');
    const targets = (urls: readonly string[]) => [{ targets: urls.map((url) => new URL(url).host) }];
    writeFileSync(
      file,
      JSON.stringify({
        global: { scrape_interval: '1s', evaluation_interval: '1s' },
        rule_files: [RULES],
        scrape_configs: [
          { job_name: 'homing', authorization: { credentials: token }, static_configs: targets(daemons) },
        ],
        alerting: { alertmanagers: [{ static_configs: targets([alertmanager]) }] },
      }),
    );
    return [`--config.file=${file}`, `--storage.tsdb.path=${join(folder, 'data')}`];
  });
  return {
    ...server,
    async value(query) {
      const answer = await fetch(`${server.url}/api/v1/query`, {
        method: 'POST',
        body: new URLSearchParams({ query }),
      });
      const said = (await answer.json()) as Said;
      if (said.status !== 'success') throw new Error(`${query}: ${said.error}`);
      const found = said.data?.result[0]?.value?.[1];
      return found === undefined ? null : Number(found);
    },
  };
}

type Said = { status: string; error?: string; data?: { result: { value?: [number, string] }[] } };
