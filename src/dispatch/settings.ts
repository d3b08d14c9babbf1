import { choice, duration, listOf } from '../base/kinds.ts';
import { room } from '../base/setting.ts';
import { readRate } from '../core/pace.ts';

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
