import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_RULES } from '../../core/thresholds/rule.ts';
import { type SimMailgun, type SimMailgunOptions, startSimMailgun } from '../sim/mailgun.ts';
import { type Sink, type SinkOptions, startSink } from '../sim/sink.ts';
import { type DaemonProcess, startProcess } from './daemon.ts';
import { type Front, startFront } from './front.ts';

export const DOMAIN = 'mg.example.com';
export const ADMIN = 'admin@team.example';
export const TOKEN = 'token-of-the-application';
export const SIGNING_KEY = 'canary-signing-key-4711';
/** To be found nowhere but in requests to Mailgun. */
export const API_KEY = 'key-CANARY0815canary0815';

export type WorldOptions = {
  database?: string;
  env?: Record<string, string>;
  sim?: Partial<SimMailgunOptions>;
  sink?: SinkOptions;
};

export type World = {
  sim: SimMailgun;
  sink: Sink;
  front: Front;
  env: Record<string, string>;
  database: string;
  folder: string;
  /** Starts one more daemon and waits until it is up, behind the front. */
  start(more?: Record<string, string>): Promise<DaemonProcess>;
  /** Every daemon that was ever started. */
  daemons: readonly DaemonProcess[];
  close(): Promise<void>;
};

/** A simulated Mailgun, a mail sink, and a place for daemons; no daemon yet. */
export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'homing-e2e-'));
  const sim = await startSim(options.sim);
  const sink = await startSink(options.sink);
  const front = await startFront();
  sim.setWebhook(`${front.url}/webhooks/mailgun`);
  const database = options.database ?? `sqlite:${join(folder, 'homing.sqlite')}`;
  // Mail that fails in all ways is the plan of these plays, and no news.
  const rules = join(folder, 'rules.json');
  await writeFile(rules, JSON.stringify({ off: DEFAULT_RULES.map(({ name }) => name) }));
  const env = { ...environment(database, sim, sink), ALERT_RULES: rules, ...options.env };
  const daemons: DaemonProcess[] = [];
  return {
    ...{ sim, sink, front, env, database, folder, daemons },
    start: (more = {}) => startBehind(front, daemons, { ...env, ...more }),
    async close() {
      await Promise.all(daemons.filter((d) => d.isRunning()).map((d) => d.kill()));
      await Promise.all([sim.close(), sink.close(), front.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function startSim(options: Partial<SimMailgunOptions> = {}): Promise<SimMailgun> {
  // 0.3, 0.6, 0.9, 3.6, 7.2 and 14.4 s between the tries of a webhook
  const webhooks = { webhookLatency: 30, webhookRetryScale: 0.001, webhookTimeout: 5000 };
  const quirks = { deliveryLatency: 100, deferDelay: 1000, ...webhooks, ...options.quirks };
  return startSimMailgun({ apiKey: API_KEY, signingKey: SIGNING_KEY, domains: [DOMAIN], ...options, quirks });
}

async function startBehind(
  front: Front,
  daemons: DaemonProcess[],
  env: Record<string, string>,
): Promise<DaemonProcess> {
  const daemon = startProcess(['start'], env);
  daemons.push(daemon);
  const port = await daemon.up;
  front.add(port);
  void daemon.ended.then(() => front.remove(port));
  return daemon;
}

/** The defaults, with the waits of hours shrunk to seconds: 0.6, 1.2, 2.4 and 4.8 s stand for 4, 16, 64 and 256 min. */
function environment(database: string, sim: SimMailgun, sink: Sink): Record<string, string> {
  return {
    ...sim.environment,
    DATABASE_URL: database,
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'info',
    SECONDARY_SMTP_URL: sink.url,
    ADMIN_EMAILS: ADMIN,
    ALERT_FROM: `homing@${DOMAIN}`,
    ALERT_GROUP: '1s',
    ALERT_REPEAT: '1s',
    // One domain that blocks everything is the plan of these plays, and no news.
    RETRY_HOPELESS_AFTER: '0',
    API_TOKENS: TOKEN,
    RETRY_BASE: '2',
    RETRY_UNIT: '300ms',
    RETRY_SPREAD: '0',
    RETRY_PAUSE: '300ms',
    RECONCILE_CRON: '* * * * * *',
    EVENTS_SETTLE: '3s',
    SILENCE_AFTER: '60s',
    DUE_POLL: '200ms',
    ADOPT_AFTER: '10s',
    LEASE: '4s',
    // Ten times the lease, as by default: else a daemon that dies takes its questions with it.
    ASK_PATIENCE: '40s',
  };
}
