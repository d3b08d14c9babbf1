import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { styleText } from 'node:util';
import Mailgun from 'mailgun.js';
import { createLog } from '../../base/log.ts';
import { sleep } from '../../base/wait.ts';
import { readConfig } from '../../config/config.ts';
import { SECOND } from '../../core/time.ts';
import { type Daemon, startDaemon } from '../../daemon/daemon.ts';
import { type SimMailgun, startSimMailgun } from '../sim/mailgun.ts';
import { type Sink, startSink } from '../sim/sink.ts';
import { DOMAIN, type Part, STORY } from './story.ts';

const KEY = 'key-demo';
const SIGNING_KEY = 'demo-signing-key';
const TOKEN = 'demo-token';
const ADMIN = 'admin@team.example';
const PATIENCE = 90 * SECOND;

/** What the demo prints with. */
export type Stage = { say(line: string): void; signal: AbortSignal };

type World = { daemon: Daemon; mailgun: SimMailgun; sink: Sink; url: string };
type ApiFact = { at: string; kind: string; text: string };
type ApiDelivery = {
  recipient: string;
  state: string;
  reason: string | null;
  attempt: number;
  explanation: string;
  facts: ApiFact[];
};

/** Plays the story on the real daemon. Resolves to whether every delivery ended as told; `stay` keeps it up until the signal. */
export async function playDemo(stage: Stage, stay: boolean): Promise<boolean> {
  const directory = await mkdtemp(join(tmpdir(), 'homing-demo-'));
  const mailgun = await startSimMailgun(simOptions());
  const sink = await startSink({
    refuse: (recipient) => STORY.find((p) => p.recipient === recipient)?.secondary ?? null,
  });
  const log = createLog('error', 'pretty', process.stderr);
  const daemon = await startDaemon(readConfig(environment(directory, mailgun, sink), 'daemon'), log);
  const world = { daemon, mailgun, sink, url: `http://127.0.0.1:${daemon.port}` };
  try {
    mailgun.setWebhook(`${world.url}/webhooks/mailgun`);
    for (const part of STORY) mailgun.fate(part.recipient, part.fate);
    const right = await tell(stage, world);
    if (stay && !stage.signal.aborted) await linger(stage, world);
    return right;
  } finally {
    await daemon.stop();
    await Promise.all([mailgun.close(), sink.close()]);
    await rm(directory, { recursive: true, force: true });
  }
}

function simOptions() {
  const losers = STORY.filter((p) => p.losesWebhook).map((p) => p.recipient);
  return {
    apiKey: KEY,
    signingKey: SIGNING_KEY,
    domains: [DOMAIN],
    quirks: {
      repostId: 'new' as const,
      deliveryLatency: 300,
      webhookLatency: 100,
      lose: (e: { event: string; recipient?: string }) => e.event === 'delivered' && losers.includes(e.recipient ?? ''),
    },
  };
}

/** The defaults, with every wait shrunk: 2, 4, 8, 16 seconds stand for 4, 16, 64, 256 minutes. */
const environment = (directory: string, mailgun: SimMailgun, sink: Sink): Record<string, string> => ({
  DATABASE_URL: `sqlite:${join(directory, 'demo.sqlite')}`,
  HOST: '127.0.0.1',
  PORT: '0',
  MAILGUN_API_KEY: KEY,
  MAILGUN_DOMAIN: DOMAIN,
  MAILGUN_API_URL: mailgun.url,
  MAILGUN_WEBHOOK_SIGNING_KEY: SIGNING_KEY,
  MAILGUN_STORAGE_HOSTS: new URL(mailgun.storageOrigin).host,
  SECONDARY_SMTP_URL: sink.url,
  ADMIN_EMAILS: ADMIN,
  ALERT_FROM: `homing@${DOMAIN}`,
  ALERT_GROUP: '2s',
  API_TOKENS: TOKEN,
  RETRY_BASE: '2',
  RETRY_UNIT: '1s',
  RETRY_SPREAD: '0',
  RETRY_PAUSE: '1s',
  RECONCILE_CRON: '* * * * * *',
  EVENTS_SETTLE: '3s',
  DUE_POLL: '200ms',
  LEASE: '20s',
});

async function tell(stage: Stage, world: World): Promise<boolean> {
  stage.say(bold('Homing, played in seconds: 2, 4, 8, 16 s stand for 4, 16, 64, 256 min.'));
  stage.say(
    `The real daemon on ${world.url}, a simulated Mailgun on ${world.mailgun.url}, a secondary SMTP on ${world.sink.url}.\n`,
  );
  const started = Date.now();
  const ids = new Map<Part, string>();
  for (const part of STORY) {
    ids.set(part, await send(world, part));
    stage.say(`${clock(started)}  ${bold(part.name.padEnd(6))}  sent: ${part.tells}`);
  }
  stage.say('');
  const ended = await follow(stage, world, ids, started);
  await followAlerts(stage, world, started);
  return summarise(stage, ended, started);
}

/** What an application does: record, send through Mailgun's own client, record what it answered. */
async function send(world: World, part: Part): Promise<string> {
  const messageId = `${part.name.toLowerCase()}.${Date.now()}@${DOMAIN}`;
  const from = `Example Team <team@${DOMAIN}>`;
  const record = { messageId, domain: DOMAIN, from, to: [part.recipient], subject: part.subject, class: part.class };
  const { id } = await call<{ id: string }>(world, 'POST', '/api/messages', { ...record, state: 'sending' });
  const client = new Mailgun(FormData).client({
    username: 'api',
    key: KEY,
    url: world.mailgun.url,
    timeout: 10 * SECOND,
  });
  await client.messages.create(DOMAIN, {
    from,
    to: [part.recipient],
    subject: part.subject,
    text: `Dear ${part.name}, this is ${part.subject.toLowerCase()}.`,
    'h:Message-Id': `<${messageId}>`,
    'v:homing-id': id,
  });
  await call(world, 'POST', '/api/messages', { ...record, state: 'accepted' });
  return id;
}

async function call<T>(world: World, method: string, path: string, body?: unknown): Promise<T> {
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  const response = await fetch(`${world.url}${path}`, {
    method,
    headers,
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

/** Prints each fact as it comes, until every delivery has ended. */
async function follow(
  stage: Stage,
  world: World,
  ids: Map<Part, string>,
  started: number,
): Promise<Map<Part, ApiDelivery>> {
  const told = new Set<string>();
  const last = new Map<Part, ApiDelivery>();
  while (!stage.signal.aborted && Date.now() - started < PATIENCE) {
    for (const [part, id] of ids) {
      const { deliveries } = await call<{ deliveries: ApiDelivery[] }>(world, 'GET', `/api/messages/${id}`);
      const [delivery] = deliveries;
      if (!delivery) continue;
      last.set(part, delivery);
      for (const fact of delivery.facts.filter(isNews)) {
        const line = `${part.name} ${fact.at} ${fact.text}`;
        if (!told.has(line)) stage.say(`${clock(started)}  ${bold(part.name.padEnd(6))}  ${fact.text}`);
        told.add(line);
      }
    }
    const open = STORY.filter((p) => !ENDED.has(last.get(p)?.state ?? 'queued'));
    if (open.length === 0) break;
    await sleep(250, stage.signal);
  }
  return last;
}

const ENDED = new Set(['delivered', 'relayed', 'failed', 'abandoned', 'expired', 'cancelled']);
const isNews = (fact: ApiFact): boolean =>
  fact.kind !== 'asked' && !(fact.kind === 'accepted' && fact.text.startsWith('Attempt 1 '));

/** Both incidents (one saved, one given up) have to reach the administrator. */
async function followAlerts(stage: Stage, world: World, started: number): Promise<void> {
  const alerts = () => world.sink.mails.filter((m) => m.to.includes(ADMIN));
  while (!stage.signal.aborted && alerts().length < 2 && Date.now() - started < PATIENCE)
    await sleep(250, stage.signal);
  for (const mail of alerts()) {
    stage.say(`\n${clock(started)}  ${bold('Alert to the administrator')}`);
    stage.say(
      mail.raw
        .replace(/\r\n/g, '\n')
        .split('\n')
        .filter(isReadable)
        .map((line) => `    ${line}`)
        .join('\n')
        .trimEnd(),
    );
  }
}

const isReadable = (line: string): boolean =>
  !/^(Message-ID|Content-[\w-]+|MIME-Version|Date|Auto-Submitted|X-Auto-Response-Suppress|From|To):/i.test(line);

function summarise(stage: Stage, ended: Map<Part, ApiDelivery>, started: number): boolean {
  stage.say(`\n${bold('How it ended')}  (${Math.round((Date.now() - started) / SECOND)} s)`);
  let right = true;
  for (const part of STORY) {
    const delivery = ended.get(part);
    const asTold = delivery?.state === part.ends && delivery.attempt === part.attempts;
    right &&= asTold;
    const mark = asTold
      ? styleText('green', 'as told')
      : styleText('red', `expected ${part.ends} after ${part.attempts} attempt(s)`);
    stage.say(
      `  ${part.name.padEnd(6)}  ${(delivery?.state ?? '?').padEnd(10)} ${delivery?.attempt ?? 0} attempt(s)  ${mark}`,
    );
    stage.say(`          ${delivery?.explanation ?? 'nothing is known of it'}`);
  }
  return right;
}

async function linger(stage: Stage, world: World): Promise<void> {
  stage.say(`\nIt stays up until Ctrl-C. Look around:`);
  stage.say(
    `  curl -s -H 'Authorization: Bearer ${TOKEN}' '${world.url}/api/messages?recipient=dora@stubborn.example'`,
  );
  stage.say(`  curl -s ${world.url}/api/status`);
  await new Promise<void>((resolve) => stage.signal.addEventListener('abort', () => resolve(), { once: true }));
}

const bold = (text: string): string => styleText('bold', text);
const clock = (started: number): string => `${((Date.now() - started) / SECOND).toFixed(1).padStart(5)} s`;
