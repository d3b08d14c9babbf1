import { IANAZone } from 'luxon';
import { choice, cron, duration, listOf, readAs, webUrl } from '../base/kinds.ts';
import { isLoopback } from '../base/loopback.ts';
import { room, type SettingsOf } from '../base/setting.ts';
import { SECOND } from '../core/time.ts';
import { relayDoubts, relayUrl } from '../providers/smtp/settings.ts';
import { pagerdutyUrl, routingKey, smsUrl, webhookKeys, webUrls } from './channels/kinds.ts';

const addresses = listOf(
  (part) => (/^[^\s@<>,"']+@[^\s@<>,"']+$/.test(part) ? part : null),
  'must be a comma list of addresses',
);

const sender = readAs(
  (text) => (/^(?:[^\r\n<>]*<[^\s@<>]+@[^\s@<>]+>|[^\s@<>]+@[^\s@<>]+)$/.test(text) ? text : null),
  'must be an address such as homing@example.com or Homing <homing@example.com>',
);

const timezone = readAs(
  (text) => (IANAZone.isValidZone(text) ? text : null),
  'must be a time zone such as Europe/Berlin',
);

export const TELL = room({
  title: 'Alerts and report',
  settings: {
    ADMIN_EMAILS: {
      kind: addresses,
      default: '',
      level: 'usual',
      says: 'Comma list of the people who hear of mail that was given up, and get the daily report.',
      unset: 'nobody hears by mail of what was given up, and the daily report goes to nobody',
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
      says: 'How long between two alerts of one incident; when not set, 15 times RETRY_UNIT (of at most 1m).',
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
  doubts: ({ ALERT_SMTP_URL: url, ALERT_SMS_URL: sms }) => [
    ...(url === undefined ? [] : relayDoubts('ALERT_SMTP_URL', [url])),
    ...(sms !== undefined && isInClear(sms) ? [SMS_IN_CLEAR] : []),
  ],
});

const SMS_IN_CLEAR = 'ALERT_SMS_URL begins with http: its key, the numbers and the texts leave without TLS';

const isInClear = (url: string): boolean =>
  url.startsWith('http:') && !isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ''));

export type TellSettings = SettingsOf<typeof TELL>;
