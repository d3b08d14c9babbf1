import { IANAZone } from 'luxon';
import { choice, cron, duration, listOf, readAs, webUrl } from '../base/kinds.ts';
import { room, type SettingsOf } from '../base/setting.ts';
import { SECOND } from '../core/time.ts';
import { relayDoubts, relayUrl } from '../providers/smtp/settings.ts';

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
  doubts: ({ ALERT_SMTP_URL: url }) => (url === undefined ? [] : relayDoubts('ALERT_SMTP_URL', [url])),
});

export type TellSettings = SettingsOf<typeof TELL>;
