import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../base/log.ts';
import { readConfig } from '../../config/config.ts';
import { startDaemon } from '../../daemon/daemon.ts';
import { type SimMailgun, startSimMailgun } from '../sim/mailgun.ts';
import { type Sink, startSink } from '../sim/sink.ts';
import { DOMAIN, STORY } from './story.ts';

export const KEY = 'key-demo';
export const TOKEN = 'demo-token';
export const ADMIN = 'admin@team.example';

/** Who plays: the real daemon at `url`, between a simulated Mailgun and a sink that is the secondary. */
export type Cast = { mailgun: SimMailgun; sink: Sink; url: string };

type Env = Record<string, string>;

/** Starts everybody for as long as the play takes, and leaves nothing behind. The settings are those that only this play needs. */
export async function withCast<T>(play: (cast: Cast) => Promise<T>, settings: Env = {}): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'homing-demo-'));
  const mailgun = await startMailgun();
  const sink = await startSink({ refuse: (recipient) => partOf(recipient)?.secondary ?? null });
  try {
    return await withDaemon({ ...environment(folder, mailgun, sink), ...settings }, (url) => {
      mailgun.setWebhook(`${url}/webhooks/mailgun`);
      return play({ mailgun, sink, url });
    });
  } finally {
    await Promise.all([mailgun.close(), sink.close()]);
    await rm(folder, { recursive: true, force: true });
  }
}

async function withDaemon<T>(env: Env, use: (url: string) => Promise<T>): Promise<T> {
  const daemon = await startDaemon(readConfig(env, 'daemon'), createLog('error', 'pretty', process.stderr));
  try {
    return await use(`http://127.0.0.1:${daemon.port}`);
  } finally {
    await daemon.stop();
  }
}

const partOf = (recipient: string | undefined) => STORY.find((part) => part.recipient === recipient);

async function startMailgun(): Promise<SimMailgun> {
  const mailgun = await startSimMailgun({
    apiKey: KEY,
    signingKey: 'demo-signing-key',
    domains: [DOMAIN],
    quirks: {
      deliveryLatency: 300,
      webhookLatency: 100,
      lose: ({ event, recipient }) => event === 'delivered' && partOf(recipient)?.losesWebhook === true,
    },
  });
  for (const { recipient, fate } of STORY) mailgun.fate(recipient, fate);
  return mailgun;
}

/** The defaults, with every wait shrunk: 2, 4, 8, 16 seconds stand for 4, 16, 64, 256 minutes. */
function environment(folder: string, mailgun: SimMailgun, sink: Sink): Env {
  return {
    ...mailgun.environment,
    DATABASE_URL: `sqlite:${join(folder, 'demo.sqlite')}`,
    HOST: '127.0.0.1',
    PORT: '0',
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
  };
}
