import { hostname } from 'node:os';
import type { Job } from '../base/job.ts';
import type { Log } from '../base/log.ts';
import { timesOf } from '../base/times.ts';
import { wallTime } from '../base/wall-time.ts';
import { EVERY_DAY, type Hours, isDuring } from '../core/hours.ts';
import type { Rung } from '../core/ladder.ts';
import { takeTokens } from '../core/take-token.ts';
import type { Rule } from '../core/thresholds/rule.ts';
import { type Clock, MINUTE, type Ms, SECOND } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { isDatabaseTrouble } from '../store/db/trouble.ts';
import { digestOf } from '../store/db/url.ts';
import { type AlertDeps, bundleAlerts, sendAlerts } from './alert.ts';
import type { Channels } from './channels/create.ts';
import { createDatabaseWatch } from './database-watch.ts';
import { type EndingDeps, lookForEnds } from './endings.ts';
import { createPeerWatch } from './peers.ts';
import { type SummaryDeps, tellSummaries } from './send-summary.ts';
import { lookAtThresholds } from './thresholds/look.ts';
import { countMailSigns, type SignsInside } from './thresholds/mail-signs.ts';
import { watch } from './watch.ts';

export type TellInside = {
  store: Store;
  channels: Channels;
  providers: EndingDeps['providers'];
  /** By the first of them links are signed. */
  encryptionKeys: readonly string[];
  alertRules: readonly Rule[];
  now: Clock;
  log: Log;
  config: {
    ADMIN_EMAILS: readonly string[];
    ALERT_GROUP: Ms;
    ALERT_LADDER?: readonly Rung[] | undefined;
    ALERT_QUIET?: Hours | undefined;
    ALERT_REPEAT: Ms;
    ALERT_TIMEZONE?: string | undefined;
    DATABASE_URL: string;
    HEARTBEAT_PEER: readonly string[];
    LEASE: Ms;
    OUTAGE_WINDOW: Ms;
    PUBLIC_URL?: string | undefined;
    RECONCILE_CRON: string;
    RECONCILE_SILENCE: Ms;
    REPORT_CRON: string;
    REPORT_DETAILS: SummaryDeps['details'];
    REPORT_TIMEZONE: string;
    RETRY_PAUSE: Ms;
    WEBHOOK_SILENCE: Ms;
  };
};

const alertJob: Job<TellInside> = {
  name: 'alert',
  pause: ({ config }) => Math.min(5 * SECOND, config.ALERT_GROUP),
  start(inside) {
    const { store, config, now, log } = inside;
    const startedAt = now();
    const deps = alertDeps(inside);
    const silences = {
      reconcileTimes: timesOf(config.RECONCILE_CRON),
      reconcileSilence: config.RECONCILE_SILENCE,
      webhookSilence: config.WEBHOOK_SILENCE,
    };
    return {
      async run() {
        await watch({ store, now, ...silences }, startedAt).catch((error: unknown) => {
          // What is to be told already is told all the same.
          if (isDatabaseTrouble(error)) throw error;
          log.error({ error }, 'nobody can say whether the reconciler and the webhooks stand still');
        });
        return (await bundleAlerts(deps)) + (await sendAlerts(deps));
      },
    };
  },
};

export const alertDeps = ({ store, channels, config, now, log, ...inside }: TellInside): AlertDeps => ({
  store,
  channels: channels.alerts,
  ladder: config.ALERT_LADDER,
  ...(config.PUBLIC_URL === undefined ? {} : { link: linksTo(config.PUBLIC_URL, inside.encryptionKeys) }),
  isQuiet: quietHours(config),
  lookForEnds: (fresh) => lookForEnds({ store, providers: inside.providers, window: config.OUTAGE_WINDOW, now }, fresh),
  group: config.ALERT_GROUP,
  repeat: config.ALERT_REPEAT,
  lease: config.LEASE,
  pause: config.RETRY_PAUSE,
  publicUrl: config.PUBLIC_URL ?? null,
  now,
  log,
});

const linksTo =
  (publicUrl: string, keys: readonly string[]) =>
  (incident: string): string | null => {
    const token = takeTokens(keys).make(incident);
    return token === null ? null : `${publicUrl.replace(/\/+$/, '')}/alerts/${incident}/ack?token=${token}`;
  };

function quietHours({ ALERT_QUIET: hours, ALERT_TIMEZONE: zone, REPORT_TIMEZONE: usual }: TellInside['config']) {
  return (at: Ms): boolean => hours !== undefined && isDuring(wallTime(at, zone ?? usual), EVERY_DAY, hours);
}

const summaryJob: Job<TellInside> = {
  name: 'summary',
  pause: () => 2 * SECOND,
  start: (inside) => ({ run: () => tellSummaries(summaryDeps(inside)) }),
};

const summaryDeps = ({ store, channels, config, now, log }: TellInside): SummaryDeps => ({
  store,
  channels: channels.letters,
  admins: config.ADMIN_EMAILS,
  cron: config.REPORT_CRON,
  timezone: config.REPORT_TIMEZONE,
  details: config.REPORT_DETAILS,
  lease: config.LEASE,
  pause: config.RETRY_PAUSE,
  now,
  log,
});

const databaseJob: Job<TellInside> = {
  name: 'database',
  pause: () => 5 * SECOND,
  start: ({ store, channels, config, now, log }) => {
    const { ALERT_GROUP: group, ALERT_REPEAT: repeat, ALERT_LADDER: ladder, PUBLIC_URL: publicUrl = null } = config;
    const conversation = `database:${digestOf(config.DATABASE_URL, config.PUBLIC_URL ?? hostname())}`;
    const deps = { store, channels: channels.alerts, ladder, group, repeat, publicUrl, conversation, now, log };
    return { run: createDatabaseWatch(deps) };
  },
};

const peerJob: Job<TellInside> = {
  name: 'peer',
  pause: () => MINUTE,
  start: ({ store, config, now, log }) => ({
    run: createPeerWatch({ store, peers: config.HEARTBEAT_PEER, now, log }),
  }),
};

const thresholdsJob: Job<TellInside> = {
  name: 'thresholds',
  pause: () => 5 * SECOND,
  start({ store, alertRules: rules, config, now, log }) {
    const looked = new Map<string, Ms>();
    return { run: () => lookAtThresholds({ store, rules, timezone: config.REPORT_TIMEZONE, now, looked, log }) };
  },
};

/** Each daemon counts what it saw, whatever else it does. */
export const signsJob: Job<SignsInside> = {
  name: 'signs',
  pause: () => 5 * SECOND,
  start: (inside) => ({
    async run() {
      await countMailSigns(inside);
      return 0;
    },
  }),
};

export const TELL_JOBS = [alertJob, summaryJob, databaseJob, peerJob, thresholdsJob];
