import {
  brokerName,
  brokerUrl,
  choice,
  count,
  duration,
  durations,
  isPatterned,
  length,
  listOf,
  readAs,
  share,
  text,
} from '../base/kinds.ts';
import { room, type SettingsOf } from '../base/setting.ts';
import type { PolicySettings } from '../core/policy.ts';

const number = (least: number, most: number) =>
  readAs((text) => (/^\d{1,5}(\.\d{1,6})?$/.test(text) ? Number(text) : null), 'must be a number').refine(
    (n) => n >= least && n <= most,
    `must be from ${least} to ${most}`,
  );

/** In one form, because the same key may be written in small and in capital letters. */
const hexKeys = listOf(
  (part) => (/^[0-9a-fA-F]{64}$/.test(part) ? part.toLowerCase() : null),
  'must be 64 hex digits (openssl rand -hex 32), or a comma list of such keys with the newest first',
);

/** A message is born with its policy: what a class is worth is settled when the message is taken in. */
export const INTAKE = room({
  title: 'Intake and retry policy',
  settings: {
    ENCRYPTION_KEY: {
      kind: hexKeys,
      hides: 'all',
      default: '',
      level: 'usual',
      says: 'Seals the bodies that have to be kept: 64 hex digits, from "openssl rand -hex 32". To change it, put the new key before the old one, with a comma between them.',
      unset: "mail can't be queued here, and what outlives its stored copy at Mailgun is lost",
    },
    INTAKE_URL: {
      kind: brokerUrl,
      hides: 'login',
      level: 'rarely',
      says: 'A RabbitMQ broker, as amqps://user:password@host/vhost, from whose queue mail is taken to be sent.',
    },
    INTAKE_QUEUE: {
      kind: brokerName,
      default: 'homing.intake',
      level: 'rarely',
      says: 'The queue there. What is refused goes to the one with this name and .refused.',
    },
    INTAKE_PREFETCH: {
      kind: count(1, 1000),
      default: '8',
      level: 'rarely',
      says: 'So many mails of the queue are in the hand of a daemon at once; fewer where they are large.',
    },
    SPOOL_DIR: {
      kind: text,
      level: 'rarely',
      says: "Folder where applications on this machine leave records while the database is away (the library's option spool.folder): the daemon files them too.",
    },
    RETRY_BASE: {
      kind: number(1, 100),
      default: '4',
      level: 'rarely',
      says: 'The wait after attempt n is RETRY_BASE to the power of n, times RETRY_UNIT: 4, 16, 64, 256 minutes.',
    },
    RETRY_UNIT: {
      kind: length,
      default: '1m',
      level: 'rarely',
      says: 'The unit of the waits between attempts, see RETRY_BASE.',
    },
    RETRY_SPREAD: {
      kind: share,
      default: '10%',
      level: 'rarely',
      says: 'How far waits are spread either way, so that retries do not come in a herd; 0 is exact.',
    },
    RETRY_MAX_ATTEMPTS: {
      kind: count(),
      default: '5',
      level: 'rarely',
      says: 'Attempts through Mailgun, the first send included.',
    },
    NOTICE_LIFE: {
      kind: length,
      default: '24h',
      level: 'rarely',
      says: 'How long a message of class notice is worth delivering.',
    },
    ACCESS_LIFE: {
      kind: length,
      default: '15m',
      level: 'rarely',
      says: 'The same for access: resets, magic links, one-time codes, invitations.',
    },
    BULK_LIFE: { kind: length, default: '3d', level: 'rarely', says: 'The same for bulk.' },
    ACCESS_WAITS: {
      kind: durations,
      default: '30s,60s',
      level: 'rarely',
      says: 'Comma list of the waits between attempts of access mail, the last repeating.',
    },
    ACCESS_ATTEMPTS: {
      kind: count(),
      default: '2',
      level: 'rarely',
      says: 'Attempts of access mail through Mailgun.',
    },
    ACCESS_DUPLICATES: {
      kind: choice('never', 'allow'),
      default: 'never',
      level: 'rarely',
      says: 'When a hand-over of access mail got no answer, and nobody can be asked whether it went out: never send a second copy, as two codes or links would be worse than a late one, or allow it.',
    },
    ACCESS_FALLBACK_AFTER: {
      kind: duration,
      default: '90s',
      level: 'rarely',
      says: 'Access mail that did not arrive by then goes to the secondary.',
    },
    BULK_FALLBACK: {
      kind: choice('yes', 'no'),
      default: 'no',
      level: 'rarely',
      says: 'Whether bulk mail falls back to the secondary: yes or no.',
    },
    RESEND_COOLDOWN: {
      kind: length,
      follows: (unit) => unit,
      level: 'rarely',
      says: 'How long a person waits before a mail can be sent again that did not come: so long after the mail, twice as long after the first time and five times as long after each further one; when not set, RETRY_UNIT (of at most 1m).',
    },
    SILENCE_AFTER: {
      kind: length,
      default: '8h',
      level: 'rarely',
      says: 'Accepted, and nothing heard for this long: Mailgun is asked what became of it.',
    },
  },
  problems: ({ INTAKE_URL, ENCRYPTION_KEY }) =>
    INTAKE_URL !== undefined && ENCRYPTION_KEY.length === 0 ? [UNSEALED] : [],
  doubts: ({ ENCRYPTION_KEY }) => (ENCRYPTION_KEY.some((key) => isPatterned(key, 32)) ? [PLAIN_KEY] : []),
});

const UNSEALED = 'INTAKE_URL needs ENCRYPTION_KEY: mail that waits is kept sealed';
const PLAIN_KEY = 'ENCRYPTION_KEY has one that can be guessed: use the output of "openssl rand -hex 32"';

export type IntakeSettings = SettingsOf<typeof INTAKE>;

/** What the classes are worth, in the words of the model. */
export const policySettings = (s: IntakeSettings): PolicySettings => ({
  base: s.RETRY_BASE,
  unit: s.RETRY_UNIT,
  spread: s.RETRY_SPREAD,
  maxAttempts: s.RETRY_MAX_ATTEMPTS,
  usefulLife: { access: s.ACCESS_LIFE, notice: s.NOTICE_LIFE, bulk: s.BULK_LIFE },
  accessWaits: s.ACCESS_WAITS,
  accessAttempts: s.ACCESS_ATTEMPTS,
  accessFallbackAfter: s.ACCESS_FALLBACK_AFTER,
  accessDuplicates: s.ACCESS_DUPLICATES === 'allow',
  bulkFallback: s.BULK_FALLBACK === 'yes',
  silenceAfter: s.SILENCE_AFTER,
});
