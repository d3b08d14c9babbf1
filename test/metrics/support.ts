import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { readConfig } from '../../src/config/config.ts';
import { startDaemon } from '../../src/daemon/daemon.ts';
import { type SimMailgun, startSimMailgun } from '../../src/lab/sim/mailgun.ts';
import { openStore, type Store } from '../../src/store/db/open.ts';
import { DOMAIN, logInto } from '../support/homing.ts';

export type Measured = { url: string; sim: SimMailgun; store: Store; lines: string[]; stop(): Promise<void> };

export const API_TOKEN = 'api-token-of-the-test';
export const METRICS_TOKEN = 'metrics-token-of-the-test';

/** A whole daemon with a simulated Mailgun, on the machine's clock. */
export async function startMeasured(t: TestContext, env: Record<string, string> = {}): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'homing-metrics-'));
  const signing = 'signing-key-of-the-test';
  const sim = await startSimMailgun({ apiKey: 'key', signingKey: signing, domains: [DOMAIN], clock: Date.now });
  const config = readConfig(
    {
      ...{ DATABASE_URL: `sqlite:${join(folder, 'homing.db')}`, MAILGUN_API_KEY: 'key', MAILGUN_DOMAIN: DOMAIN },
      ...{ MAILGUN_API_URL: sim.url, MAILGUN_WEBHOOK_SIGNING_KEY: signing, ENCRYPTION_KEY: 'ab'.repeat(32) },
      ...{ MAILGUN_STORAGE_HOSTS: new URL(sim.url).host, API_TOKENS: API_TOKEN, METRICS_TOKEN },
      ...{ HOST: '127.0.0.1', PORT: '0', DUE_POLL: '10ms' },
      ...env,
    },
    'daemon',
  );
  const lines: string[] = [];
  const daemon = await startDaemon({ ...config, PORT: Number(env['PORT'] ?? 0) }, logInto(lines));
  const url = `http://127.0.0.1:${daemon.port}`;
  sim.setWebhook(`${url}/webhooks/mailgun`);
  const store = openStore(config.DATABASE_URL);
  let stopped: Promise<void> | null = null;
  const stop = () => (stopped ??= daemon.stop());
  t.after(async () => {
    await stop();
    await sim.close();
    await store.close();
    await rm(folder, { recursive: true });
  });
  return { url, sim, store, lines, stop };
}

/** Hands a mail over as a client of Mailgun does. */
export async function queue({ url }: Pick<Measured, 'url'>, to: string, kind = 'access'): Promise<void> {
  const body = new URLSearchParams({ from: `shop@${DOMAIN}`, to, subject: 'Hi', text: 'Hi', 'v:homing-class': kind });
  const authorization = `Basic ${Buffer.from(`api:${API_TOKEN}`).toString('base64')}`;
  const answer = await fetch(`${url}/v3/${DOMAIN}/messages`, { method: 'POST', body, headers: { authorization } });
  if (answer.status !== 200) throw new Error(await answer.text());
}

/** The values by the name of each series, labels included, as Prometheus would write it. */
export function valuesIn(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

export async function scrape({ url }: Pick<Measured, 'url'>): Promise<Map<string, number>> {
  return valuesIn(await (await fetch(`${url}/metrics`)).text());
}

/** Lets the simulated Mailgun do what it has to do, until something is so. */
export async function untilSo({ sim }: Pick<Measured, 'sim'>, isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) {
    await sim.runDue();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const statesIn = ({ store }: Pick<Measured, 'store'>): Promise<string[]> =>
  store.db('deliveries').orderBy('id').pluck('state');
