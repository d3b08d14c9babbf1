import { count, duration, plainCron } from '../base/kinds.ts';
import { room } from '../base/setting.ts';

export const RECONCILE = room({
  title: 'Reconciler',
  settings: {
    RETRY_HOPELESS_AFTER: {
      kind: count(0),
      default: '20',
      level: 'rarely',
      says: 'When that many re-posts in a row for one recipient domain and cause cured nothing, an alert a week says so, and so do the mails concerned; what is sent stays the same. 0 never says it.',
    },
    UNSUPPRESS_MAX_PER_DAY: {
      kind: count(0),
      default: '100',
      level: 'rarely',
      says: "Addresses that may be taken off Mailgun's bounce list a day, where the failure was about the sender; 0 turns it off.",
    },
    RECONCILE_CRON: {
      kind: plainCron,
      default: '* * * * *',
      level: 'rarely',
      says: "When Mailgun's records are read and what is due is acted on; six fields give seconds, and hours are those of UTC.",
    },
    EVENTS_SETTLE: {
      kind: duration,
      default: '30m',
      level: 'rarely',
      says: "Mailgun's records of the last so many minutes are not final.",
    },
  },
});
