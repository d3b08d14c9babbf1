// Debian's Alertmanager as a process of its own, with a receiver that writes down what it is told.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { sleep } from '../../src/base/wait.ts';
import { listenOnLoopback } from '../../src/lab/sim/listen.ts';

const PROGRAM = '/usr/bin/prometheus-alertmanager';

/** What Alertmanager posts to a webhook (version 4). */
type Told = {
  status: string;
  alerts: { status: string; labels: Record<string, string>; annotations: Record<string, string> }[];
};

/** `told` resolves with the first notification of this status. Null where it is not installed. */
export async function startAlertmanager(t: TestContext) {
  if (!existsSync(PROGRAM)) return null;
  const folder = mkdtempSync(join(tmpdir(), 'homing-alertmanager-'));
  const notifications: Told[] = [];
  const heard = new EventTarget();
  const receiver = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    request.on('end', () => {
      notifications.push(JSON.parse(text) as Told);
      response.writeHead(200).end();
      heard.dispatchEvent(new Event('told'));
    });
  });
  const { port: receiving, close } = await listenOnLoopback(receiver, 0);
  writeFileSync(join(folder, 'config.yml'), configOf(receiving));
  const port = await freePort();
  const child = spawn(
    PROGRAM,
    [
      ...[`--config.file=${join(folder, 'config.yml')}`, `--storage.path=${folder}`, '--cluster.listen-address='],
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  t.after(async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    await close();
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  while (!(await isReady(url))) {
    if (child.exitCode !== null) throw new Error('Alertmanager did not start');
    await sleep(50);
  }
  return {
    url,
    async told(status: 'firing' | 'resolved'): Promise<Told> {
      for (;;) {
        const found = notifications.find((one) => one.status === status);
        if (found) return found;
        await once(heard, 'told');
      }
    },
  };
}

const configOf = (receiving: number): string => `
route: { receiver: test, group_by: [conversation], group_wait: 10ms, group_interval: 200ms, repeat_interval: 1h }
receivers:
  - name: test
    webhook_configs: [{ url: 'http://127.0.0.1:${receiving}/', send_resolved: true }]
`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const isReady = async (url: string): Promise<boolean> =>
  fetch(`${url}/-/ready`).then(
    ({ ok }) => ok,
    () => false,
  );
