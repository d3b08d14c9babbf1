import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { durationText } from '../../base/duration.ts';
import { SECOND } from '../../core/time.ts';
import type { SimMailgun } from '../../lab/sim/mailgun.ts';
import type { Sink } from '../../lab/sim/sink.ts';
import type { FaultProxy } from './proxy.ts';
import { DEMO_DRAIN, type DrillPlan } from './stage.ts';

type Env = Record<string, string>;
type Given = { folder: string; sim: SimMailgun | null; sink: Sink; proxy: FaultProxy; token: string };

export const DEMO_DOMAIN = 'mail.example.com';

/** The settings of the daemon that is drilled: a database, a token and a key of its own, and nobody whom it could alert. */
export function environmentFor(plan: DrillPlan, { folder, sim, sink, proxy, token }: Given): Env {
  const domain = plan.place.kind === 'demo' ? DEMO_DOMAIN : plan.place.domain;
  return {
    ...(sim ? { ...sim.environment, ...inSeconds(plan) } : planIn(plan)),
    DATABASE_URL: `sqlite:${join(folder, 'drill.sqlite')}`,
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'error',
    MAILGUN_DOMAIN: domain,
    MAILGUN_API_URL: proxy.url,
    // No stored copy is sent again past the proxy.
    MAILGUN_STORAGE_HOSTS: new URL(proxy.url).host,
    SECONDARY_SMTP_URL: sink.url,
    // Its alerts end in the sink.
    ADMIN_EMAILS: `admin@${DEMO_DOMAIN}`,
    ALERT_FROM: `drill@${domain}`,
    ALERT_SMTP_URL: sink.url,
    OUTAGE_PROBE_FROM: `drill@${domain}`,
    ADOPT_UNKNOWN: 'off',
    API_TOKENS: token,
    ENCRYPTION_KEY: randomBytes(32).toString('hex'),
    ...plan.env,
  };
}

/** Every wait shrunk; notices wait as long as the fault lasts, so that there is something to drain. */
function inSeconds({ fault }: DrillPlan): Env {
  const steady = fault === 'accepts-but-silent' ? 10 * SECOND : 5 * SECOND;
  return {
    ...{ RETRY_BASE: '2', RETRY_UNIT: '1s', RETRY_SPREAD: '0', RETRY_PAUSE: '1s', RECONCILE_CRON: '* * * * * *' },
    ...{ EVENTS_SETTLE: '3s', DUE_POLL: '200ms', LEASE: '20s', ACCESS_FALLBACK_AFTER: '5s', SILENCE_AFTER: '30s' },
    ...{ OUTAGE_WINDOW: '5s', OUTAGE_SILENCE: '15s', OUTAGE_PATIENCE: '10m', DRAIN_RATE: String(DEMO_DRAIN) },
    OUTAGE_STEADY: durationText(steady),
  };
}

/** What makes up the plan against outages, and the keys. The rest is not for a drill: it mails and alerts nobody else. */
const OF_THE_PLAN =
  /^(?:MAILGUN_(?:API_KEY|WEBHOOK_SIGNING_KEY|EVENTS_API)|RETRY_\w+|OUTAGE_(?!PROBE_FROM)\w+|ACCESS_\w+|NOTICE_\w+|BULK_\w+|DRAIN_RATE|EVENTS_SETTLE|ASK_PATIENCE|SILENCE_AFTER|LEASE|RECONCILE_CRON|DUE_POLL|HOMING_(?:CLASSES|RULES))$/;

function planIn({ place }: DrillPlan): Env {
  const given = place.kind === 'demo' ? {} : place.env;
  return Object.fromEntries(
    Object.entries(given).filter(
      (entry): entry is [string, string] => OF_THE_PLAN.test(entry[0]) && entry[1] !== undefined,
    ),
  );
}
