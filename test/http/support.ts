import { createHmac, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import type { TestContext } from 'node:test';
import { createLog } from '../../src/base/log.ts';
import { readConfig } from '../../src/config/config.ts';
import { settingsOf } from '../../src/config/settings.ts';
import type { Settings } from '../../src/core/settings.ts';
import type { Ms } from '../../src/core/time.ts';
import { type AppDeps, createApp } from '../../src/http/app.ts';
import { LIMITS, type Limits } from '../../src/http/limits/limits.ts';
import { type Listening, listen } from '../../src/http/server.ts';
import type { WebhookOf } from '../../src/http/webhook.ts';
import { openAlert, readAlert } from '../../src/providers/mailgun/alerts.ts';
import { openWebhook } from '../../src/providers/mailgun/webhook.ts';
import type { Opened } from '../../src/providers/provider.ts';
import { migrate } from '../../src/store/db/migrate.ts';
import { openStore, type Store } from '../../src/store/db/open.ts';
import { clockAt, type SetClock } from '../support/clock.ts';
import { freshDatabase } from '../support/stores.ts';

export const SIGNING_KEY = 'signing-key-of-the-test';
export const TOKEN = 'token-of-the-test';
export const DOMAIN = 'mg.example.com';

export const SETTINGS: Settings = settingsOf(readConfig({}, 'database'));

export type Running = {
  url: string;
  store: Store;
  /** The URL of its database. */
  database: string;
  clock: SetClock;
  server: Listening;
  stopping: AbortController;
  /** Batches that were told of as kept. */
  rings: () => number;
  /** What was logged, one JSON line an event. */
  logged: () => string;
};

type Open = (raw: Buffer, contentType: string | undefined, now: Ms) => Opened;

/** Mailgun's webhook, as it is opened here. */
export const webhookOf = (open: Open): WebhookOf => ({
  provider: 'mailgun',
  path: '/webhooks/mailgun',
  open: ({ raw, headers }, now) => open(raw, headers['content-type'], now),
});

/** A real server on loopback over a migrated SQLite file. */
export async function start(
  t: TestContext,
  given: Partial<AppDeps> & { limits?: Partial<Limits>; unmigrated?: boolean } = {},
): Promise<Running> {
  const database = await freshDatabase(t, 'sqlite');
  const store = openStore(database);
  if (!given.unmigrated) await migrate(store.db);
  const clock = clockAt();
  const stopping = new AbortController();
  const lines = new PassThrough();
  let rings = 0;
  const limits = { ...LIMITS, ...given.limits };
  const app = createApp({
    store,
    settings: SETTINGS,
    tokens: [TOKEN],
    webhooks: [webhookOf((raw, contentType, now) => openWebhook(raw, contentType, [SIGNING_KEY], now))],
    alerts: [
      {
        provider: 'mailgun',
        path: '/mailgun-alerts',
        open: (given, now) => openAlert(given, [SIGNING_KEY], now),
        read: readAlert,
      },
    ],
    onKept: () => {
      rings++;
    },
    now: clock,
    signal: stopping.signal,
    log: createLog('debug', 'json', lines),
    memory: limits.memory,
    ...given,
  });
  const monotonic = () => performance.now();
  const server = await listen(app, { host: '127.0.0.1', port: 0, limits, monotonic });
  t.after(async () => {
    await server.close(0);
    await store.close();
  });
  let logged = '';
  lines.on('data', (part: Buffer) => {
    logged += part.toString();
  });
  const url = `http://127.0.0.1:${server.port}`;
  return { url, database, store, clock, server, stopping, rings: () => rings, logged: () => logged };
}

export type Reply = { status: number; body: Record<string, unknown>; headers: Headers };

export async function ask(url: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(url, init);
  const text = await response.text();
  return {
    status: response.status,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    headers: response.headers,
  };
}

const authorization = { Authorization: `Bearer ${TOKEN}` };

/** A call of the API with the right token. */
export const get = (running: Running, path: string): Promise<Reply> =>
  ask(running.url + path, { headers: authorization });

export const post = (running: Running, path: string, body?: unknown): Promise<Reply> =>
  ask(running.url + path, {
    method: 'POST',
    headers: { ...authorization, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

/** Signed as Mailgun does: time and token, not the event. */
export function signature(at: Ms, key = SIGNING_KEY): { timestamp: string; token: string; signature: string } {
  const timestamp = String(Math.floor(at / 1000));
  const token = randomBytes(25).toString('hex');
  const hmac = createHmac('sha256', key).update(timestamp + token);
  return { timestamp, token, signature: hmac.digest('hex') };
}

let events = 0;

export function webhookBody(at: Ms, event: Record<string, unknown> = {}, key = SIGNING_KEY): string {
  events++;
  const data = {
    event: 'delivered',
    id: `event-${events}`,
    timestamp: at / 1000,
    recipient: 'ann@example.org',
    domain: { name: DOMAIN },
    message: { headers: { 'message-id': `${events}@${DOMAIN}` } },
    ...event,
  };
  return JSON.stringify({ signature: signature(at, key), 'event-data': data });
}

export const postWebhook = (
  running: Running,
  body: RequestInit['body'],
  headers: Record<string, string> = { 'Content-Type': 'application/json' },
): Promise<Reply> => ask(`${running.url}/webhooks/mailgun`, { method: 'POST', headers, body: body ?? null });

/** Bytes on a bare socket, and everything that came back until the server hung up or `enough` has come. */
export function speak(port: number, bytes: string, enough: RegExp | null = null): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let heard = '';
    socket.on('data', (part) => {
      heard += part.toString('latin1');
      if (enough?.test(heard)) socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(heard));
  });
}

export const inboxRows = (store: Store): Promise<Record<string, unknown>[]> =>
  store.db('inbox').orderBy('id').select('*');

export const SENT = {
  messageId: `<one@${DOMAIN}>`,
  domain: DOMAIN,
  from: 'Shop <shop@example.com>',
  to: ['Ann <ann@example.org>'],
  subject: 'Your receipt',
  state: 'accepted',
};
