import { IANAZone } from 'luxon';
import { parseDuration } from '../base/duration.ts';
import { choice, cron, duration, listOf, readAs, webhookKeys, webUrl, webUrls } from '../base/kinds.ts';
import { isLoopback } from '../base/loopback.ts';
import { room, type SettingsOf } from '../base/setting.ts';
import { ladderOf, type Rung, WAYS, type Way } from '../core/ladder.ts';
import { SECOND } from '../core/time.ts';
import { relayDoubts, relayUrl } from '../providers/smtp/settings.ts';
import { pagerdutyUrl, routingKey, smsUrl } from './channels/kinds.ts';
import { type Duty, parseDuty, parseHours } from './on-call.ts';

const isAddress = (text: string): boolean => /^[^\s@<>,"']+@[^\s@<>,"']+$/.test(text);
const addresses = listOf((part) => (isAddress(part) ? part : null), 'must be a comma list of addresses');

const sender = readAs(
  (text) => (/^(?:[^\r\n<>]*<[^\s@<>]+@[^\s@<>]+>|[^\s@<>]+@[^\s@<>]+)$/.test(text) ? text : null),
  'must be an address such as homing@example.com or Homing <homing@example.com>',
);

const isZone = (text: string): boolean => IANAZone.isValidZone(text);
const timezone = readAs((text) => (isZone(text) ? text : null), 'must be a time zone such as Europe/Berlin');

const ladder = readAs(
  (text) => {
    const steps = text.split(',').map((part) => {
      const [name = '', length = '0s', more] = part.trim().split(':');
      const way = WAYS.find((one) => one === name);
      const after = parseDuration(length);
      return way === undefined || after === null || more !== undefined ? null : { way, after };
    });
    return steps.includes(null) ? null : ladderOf(steps.filter((step) => step !== null));
  },
  `must be a list such as mail,slack:5m,sms:15m: each of ${WAYS.join(', ')} once, the first without a time, in the order of the times`,
);

const hours = readAs(parseHours, 'must be hours such as 22:00-07:00');

const duties = readAs((text): readonly Duty[] | null => {
  const parts = text.split(';').filter((part) => part.trim() !== '');
  const read = parts.map((part) => parseDuty(part, { isZone, isAddress }));
  return read.includes(null) ? null : Object.freeze(read.filter((duty) => duty !== null));
}, 'must be a list such as mon-fri 08:00-18:00 ann@example.com; daily 18:00-08:00 bob@example.com America/New_York');

export const TELL = room({
  title: 'Alerts and report',
  settings: {
    ADMIN_EMAILS: {
      kind: addresses,
      default: '',
      level: 'usual',
      says: 'Comma list of the people who hear of mail that was given up, and get the daily report.',
      unset: 'nobody hears by mail of what was given up, and the daily report goes to nobody',
      orElse: 'ALERT_ON_CALL',
    },
    ALERT_FROM: {
      kind: sender,
      level: 'rarely',
      says: 'Sender of alerts; by default homing@ the first domain.',
    },
    ALERT_SMTP_URL: {
      kind: relayUrl,
      hides: 'login',
      level: 'usual',
      says: 'SMTP server for alerts, so that they do not go through what they warn about; by default the secondary ones.',
    },
    ALERT_SLACK_URL: {
      kind: webUrl,
      hides: 'login',
      level: 'usual',
      says: 'Incoming webhook of Slack, or of anything that takes { text }.',
    },
    ALERT_WEBHOOK_URL: {
      kind: webUrl,
      hides: 'login',
      level: 'rarely',
      says: 'Address that alerts are posted to as JSON.',
    },
    ALERT_WEBHOOK_SECRET: {
      kind: webhookKeys,
      default: '',
      hides: 'all',
      level: 'rarely',
      needs: 'ALERT_WEBHOOK_URL',
      says: 'What those are signed with, after Standard Webhooks: whsec_ and 24 to 64 bytes in base64 (openssl rand -base64 32). A comma list while it is being changed: each of them signs.',
    },
    ALERT_PAGERDUTY_KEY: {
      kind: routingKey,
      hides: 'all',
      level: 'usual',
      says: 'Integration key of a PagerDuty service, of the kind "Events API v2".',
    },
    ALERT_PAGERDUTY_URL: {
      kind: pagerdutyUrl,
      default: 'https://events.pagerduty.com',
      hides: 'login',
      level: 'rarely',
      says: 'Where PagerDuty takes events; for an account in the EU https://events.eu.pagerduty.com.',
    },
    ALERT_SMS_URL: {
      kind: smsUrl,
      hides: 'all',
      level: 'usual',
      says: 'Who sends SMS to whom: twilio://SID:TOKEN@api.twilio.com?from=+1…&to=+49…,+49… or https://sms.example/send?to={to}&text={text}#to=+49…,+49… for other gateways.',
    },
    ALERT_ALERTMANAGER_URL: {
      kind: webUrls,
      default: '',
      hides: 'login',
      level: 'rarely',
      says: 'Alertmanager of Prometheus that alerts are posted to; of a cluster a comma list of all.',
    },
    ALERT_GROUP: {
      kind: duration,
      follows: (unit) => Math.max(2 * SECOND, unit / 2),
      level: 'rarely',
      says: 'How long an incident gathers before its first alert; when not set, half a RETRY_UNIT (of at most 1m).',
    },
    ALERT_REPEAT: {
      kind: duration,
      follows: (unit) => Math.max(2 * SECOND, 15 * unit),
      level: 'rarely',
      says: 'How long between the first two alerts of one incident, and twice as long each time, up to a day; when not set, 15 times RETRY_UNIT (of at most 1m).',
    },
    ALERT_LADDER: {
      kind: ladder,
      level: 'usual',
      says: 'Who hears of an incident that nobody takes, and after how long: mail,slack:5m,sms:15m. By default the first channel that takes an alert is enough: mail, Slack, the webhook, PagerDuty, SMS, Alertmanager.',
    },
    ALERT_ON_CALL: {
      kind: duties,
      default: '',
      level: 'rarely',
      says: 'Whom alerts are mailed to by weekday and hour, divided by semicolons: mon-fri 08:00-18:00 ann@example.com; daily 18:00-08:00 bob@example.com America/New_York. When nobody is on call, and by default, all of ADMIN_EMAILS.',
    },
    ALERT_QUIET: {
      kind: hours,
      level: 'rarely',
      says: 'Hours in which nobody is told of bulk mail, such as 22:00-07:00. What happens then is told when they are over.',
    },
    ALERT_TIMEZONE: {
      kind: timezone,
      level: 'rarely',
      says: 'Time zone of ALERT_ON_CALL and ALERT_QUIET; by default REPORT_TIMEZONE.',
    },
    HEARTBEAT_URL: {
      kind: webUrl,
      hides: 'login',
      level: 'usual',
      says: "Ping URL of a check at a dead man's service such as Healthchecks: each run of the reconciler tells it of its start, and of success or failure. It says so when Homing is gone.",
    },
    HEARTBEAT_PEER: {
      kind: webUrls,
      default: '',
      hides: 'login',
      level: 'rarely',
      says: 'Comma list of other Homing daemons by their public addresses: each minute they are asked whether their reconcilers run, and an alert tells when one is silent. Let two watch each other.',
    },
    WEBHOOK_SILENCE: {
      kind: duration,
      default: '1h',
      level: 'rarely',
      says: 'Alert when mail was accepted and no webhook came for this long.',
    },
    RECONCILE_SILENCE: {
      kind: duration,
      default: '10m',
      level: 'rarely',
      says: 'Alert when a run of the reconciler that was due so long ago has not finished.',
    },
    REPORT_CRON: { kind: cron, default: '0 7 * * *', level: 'rarely', says: 'When the daily report is sent.' },
    REPORT_TIMEZONE: {
      kind: timezone,
      default: 'UTC',
      level: 'usual',
      says: "Time zone of the report's days, for instance Europe/Berlin.",
    },
    REPORT_DETAILS: {
      kind: choice('summary', 'full'),
      default: 'summary',
      level: 'rarely',
      says: 'Whether the mailed report names recipients and subjects of what did not arrive: summary (no) or full.',
    },
  },
  doubts: (values) => [
    ...(values.ALERT_SMTP_URL === undefined ? [] : relayDoubts('ALERT_SMTP_URL', [values.ALERT_SMTP_URL])),
    ...(values.ALERT_SMS_URL !== undefined && isInClear(values.ALERT_SMS_URL) ? [SMS_IN_CLEAR] : []),
    ...(values.ALERT_ON_CALL.length > 0 && values.ADMIN_EMAILS.length === 0 ? [NO_ADMINS] : []),
    ...ladderDoubts(values),
  ],
});

const SMS_IN_CLEAR = 'ALERT_SMS_URL begins with http: its key, the numbers and the texts leave without TLS';

const NO_ADMINS =
  'ALERT_ON_CALL is set, and ADMIN_EMAILS is not: when nobody is on call no alert goes by mail, and the daily report goes to nobody';

const isInClear = (url: string): boolean =>
  url.startsWith('http:') && !isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ''));

type OnLadder = {
  ALERT_LADDER: readonly Rung[] | undefined;
  ADMIN_EMAILS: readonly string[];
  ALERT_ON_CALL: readonly Duty[];
} & Record<'ALERT_SLACK_URL' | 'ALERT_WEBHOOK_URL' | 'ALERT_PAGERDUTY_KEY' | 'ALERT_SMS_URL', string | undefined> & {
    ALERT_ALERTMANAGER_URL: readonly string[];
  };

/** The settings without which a way leads nowhere. */
const NEEDED = {
  ...{ mail: 'ADMIN_EMAILS', slack: 'ALERT_SLACK_URL', webhook: 'ALERT_WEBHOOK_URL' },
  ...{ pagerduty: 'ALERT_PAGERDUTY_KEY', sms: 'ALERT_SMS_URL', alertmanager: 'ALERT_ALERTMANAGER_URL' },
} as const satisfies Record<Way, keyof OnLadder>;

/** What is on the ladder and leads nowhere. */
function ladderDoubts(values: OnLadder): string[] {
  const named = values.ALERT_LADDER?.flatMap(({ ways }) => ways) ?? [];
  return named
    .filter((way) => (values[NEEDED[way]]?.length ?? 0) === 0 && (way !== 'mail' || values.ALERT_ON_CALL.length === 0))
    .map((way) => `ALERT_LADDER names ${way}, and ${NEEDED[way]} is not set`);
}

export type TellSettings = SettingsOf<typeof TELL>;
