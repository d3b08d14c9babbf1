import { choice, duration, listOf, readAs } from '../base/kinds.ts';
import { room } from '../base/setting.ts';
import { readRate } from '../core/pace.ts';
import { MODES, readWeight } from '../core/preference.ts';

function readDrainRate(text: string): number | null {
  if (text === 'off') return Number.POSITIVE_INFINITY;
  return /^\d{1,5}(?:\.\d)?$/.test(text) && Number(text) > 0 && Number(text) <= 10_000 ? Number(text) : null;
}

export const DISPATCH = room({
  title: 'Retries',
  settings: {
    RETRY_SCHEDULE: {
      kind: choice('auto', 'mailgun', 'local'),
      default: 'auto',
      level: 'rarely',
      says: 'Who keeps the wait of a re-post: mailgun, local, or auto (Mailgun, until it is seen to ignore the delivery time).',
    },
    SEND_RATES: {
      kind: listOf(readRate, 'must be a comma list of rates such as mailgun=100/s or mailgun/bulk=600/m'),
      default: '',
      level: 'rarely',
      says: 'How much may leave through a provider, shared by all daemons: a comma list such as mailgun=100/s,mailgun/bulk=600/m,smtp.example.com:587=30/m. Without a class it is for all mail, and access mail never waits for it.',
    },
    DRAIN_RATE: {
      kind: readAs(readDrainRate, 'must be a number from 0.1 to 10000, or off'),
      default: '50',
      level: 'rarely',
      says: 'How many mails a second leave through a provider, shared by all daemons, of those that an outage or a hold kept back for longer than OUTAGE_WINDOW; access mail is not counted and leaves at once. off for as many as can.',
    },
    PROVIDER_SHARE: {
      kind: listOf(readWeight, 'must be a comma list of providers with a share each, such as mailgun:80,sendgrid:20'),
      default: '',
      level: 'rarely',
      says: 'How much of the mail that was queued here, and may fall back, each provider gets first while all is well: a comma list such as mailgun:80,smtp.example.com:587:20. When not set, Mailgun gets all of it.',
    },
    SECONDARY_MODE: {
      kind: choice(...MODES),
      default: 'order',
      level: 'rarely',
      says: 'Which of several secondaries a mail goes to: the first of the list (order), each in turn (round-robin), or each as often as it weighs (weighted).',
    },
    SECONDARY_WEIGHTS: {
      kind: listOf(readWeight, 'must be a comma list of providers with a weight each, such as mailersend:3,sendgrid:1'),
      default: '',
      level: 'rarely',
      says: 'The weights of the secondaries for SECONDARY_MODE=weighted, 1 where none is given: a comma list such as mailersend:3,sendgrid:1.',
    },
    ASK_PATIENCE: {
      kind: duration,
      follows: (unit) => 10 * unit,
      level: 'rarely',
      says: "How long a retry waits for a Mailgun that can't be asked whether the mail arrived after all; when not set, ten times RETRY_UNIT (of at most 1m).",
    },
    FIX_SENDER_HOLD: {
      kind: duration,
      default: '6h',
      level: 'rarely',
      says: 'When a mail failed for something that only you can mend (SPF, DKIM, size, …), mail of that domain that failed for the same is not retried for this long.',
    },
  },
});
