import { choice, duration } from '../base/kinds.ts';
import { room } from '../base/setting.ts';

export const DISPATCH = room({
  title: 'Retries',
  settings: {
    RETRY_SCHEDULE: {
      kind: choice('auto', 'mailgun', 'local'),
      default: 'auto',
      level: 'rarely',
      says: 'Who keeps the wait of a re-post: mailgun, local, or auto (Mailgun, until it is seen to ignore the delivery time).',
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
