import { counted, were } from '../../core/words/numbers.ts';

export const OVERVIEW = {
  todo: 'What needs a person',
  nothing: 'Nothing. Homing acts by itself on all that is open.',
  providers: 'Providers',
  noProviders: 'No mail was handed over yet. Send one, and its provider stands here.',
  provider: 'Provider',
  state: 'State',
  share: 'Gets of its mail',
  since: 'Since',
  queue: 'What waits to leave',
  class: 'Class',
  waiting: 'Waiting',
  due: 'Due now',
  oldest: 'Oldest',
  clear: 'Time to clear',
  unknown: 'not known',
  day: 'The last 24 hours',
  dayAlt: 'Deliveries an hour by outcome; the table below has the figures.',
  noMail: 'No mail in the last 24 hours. "homing demo" shows how these pages look with some.',
  figures: 'The figures',
  from: 'From',
  deliveries: 'Deliveries',
  outcome: 'What became of them',
  lately: 'Seen last',
  last: {
    webhook: 'Webhook',
    reconciled: 'Reconciler',
    drill: 'Drill',
    backup: 'Good backup',
    restoreDrill: 'Restore drill',
  },
  failed: 'failed',
  never: 'never',
} as const;

/** What needs a person. */
export const ATTENTION = {
  abandoned: (n: number, isMore: boolean) => `${mails(n, isMore)} of the last day ${were(n)} given up`,
  expired: (n: number, isMore: boolean) => `${mails(n, isMore)} of the last day came too late to be of use`,
  senderFaults: (n: number) => `${counted(n, 'cause')} that the sender has to mend`,
  inboxAside: (n: number, isMore: boolean) =>
    `${counted(n, 'event')}${isMore ? ' or more' : ''} could not be understood`,
  unclear: (n: number, isMore: boolean) =>
    `${counted(n, 'reply', 'replies')}${isMore ? ' or more' : ''} of unknown cause`,
  alertsUnsent: (n: number) => `${counted(n, 'alert')} that reached nobody`,
  holds: (n: number) => `${counted(n, 'hold')} ${n === 1 ? 'keeps' : 'keep'} mail back`,
  mistakes: (n: number, isMore: boolean) =>
    `${counted(n, 'address', 'addresses')}${isMore ? ' or more' : ''} suppressed, perhaps by mistake`,
} as const;

const mails = (n: number, isMore: boolean): string => `${counted(n, 'mail')}${isMore ? ' or more' : ''}`;
