import type { MessageClass } from '../message-class.ts';
import { DAY, HOUR, MINUTE, type Ms } from '../time.ts';

/** What can be watched. The comment after each says what its value is. */
export const MEASURES = [
  'bounced', // share of what servers answered that they refused
  'complained', // share of what arrived that was called spam
  'delivered', // share of what came to an end that arrived
  'deferred', // share of what servers answered that they put off
  'polled', // share of events that came by no webhook
  'overdue', // share of what should have arrived by now that has not
  'slow', // time that one of twenty mails takes, or longer
  'backlog', // mails that wait to be handed over
  'flatline', // what is sent, as a share of what usually is
] as const;
export type Measure = (typeof MEASURES)[number];

/** By what mail is told apart; each value is judged by itself. */
export const DIMENSIONS = ['domain', 'class', 'receiver'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** What may fall silent. */
export const SENT_KINDS = ['class', 'tag', 'template'] as const;
export type SentKind = (typeof SENT_KINDS)[number];

export type Rule = {
  name: string;
  measure: Measure;
  per: readonly Dimension[];
  /** Only mail of these; null for all. */
  only: { domain: string | null; class: MessageClass | null; receiver: string | null };
  /** Of a flatline: what is compared with itself. */
  kinds: readonly SentKind[];
  /** It rings at this value or beyond, and clears at that one: shares from 0 to 1, milliseconds, or a number of mails. */
  rings: number;
  clears: number;
  /** Of so many mails at the least, and so many bad ones: two of three bounces are no trend. */
  least: number;
  leastBad: number;
  /** The time that is looked at, up to now. */
  window: Ms;
  /** Of what is overdue: within which time mail should arrive. */
  within: Ms;
  /** For so long the value has to be beyond before it rings, and well before it clears. */
  holds: Ms;
  clearsAfter: Ms;
};

/** In which unit values of a measure are. */
export const UNIT: Record<Measure, 'share' | 'length' | 'count'> = {
  ...{ bounced: 'share', complained: 'share', delivered: 'share', deferred: 'share', polled: 'share' },
  ...{ overdue: 'share', slow: 'length', backlog: 'count', flatline: 'share' },
};

/** Of these less is worse. */
const FALLING: ReadonlySet<Measure> = new Set(['delivered', 'flatline']);
export const isFalling = (measure: Measure): boolean => FALLING.has(measure);

/** What holds where a rule says nothing. */
export const PLAIN: Omit<Rule, 'name' | 'measure' | 'rings' | 'clears'> = {
  ...{
    per: ['domain', 'class'],
    only: { domain: null, class: null, receiver: null },
    kinds: ['class', 'tag', 'template'],
  },
  ...{ least: 50, leastBad: 5, window: HOUR, within: 5 * MINUTE, holds: 5 * MINUTE, clearsAfter: 10 * MINUTE },
};

/** A rule of which no more is known than these. */
export const fullRule = (known: Pick<Rule, 'name' | 'measure'> & Partial<Rule>): Rule => ({
  ...{ ...PLAIN, rings: 0, clears: 0 },
  ...known,
});

type Given = Partial<Omit<Rule, 'only'>> & Pick<Rule, 'measure' | 'rings' | 'clears'> & { class?: MessageClass };

const rule = (name: string, { class: kind, ...given }: Given): Rule => ({
  ...PLAIN,
  ...given,
  name,
  only: { ...PLAIN.only, class: kind ?? null },
});

/**
 * The rules without a file. Mailgun disables domains beyond 5 % bounces; Gmail asks for complaints below 0.1 %, and never
 * 0.3 %; a share of 15 % that takes longer than five minutes is what GOV.UK Notify takes for a provider in trouble.
 */
export const DEFAULT_RULES: readonly Rule[] = [
  rule('bounced', { measure: 'bounced', rings: 0.05, clears: 0.04, window: DAY, least: 200, leastBad: 10 }),
  rule('bounced-hour', { measure: 'bounced', rings: 0.1, clears: 0.05, leastBad: 10 }),
  rule('bounced-receiver', {
    ...{ measure: 'bounced', per: ['receiver'], rings: 0.05, clears: 0.03, least: 100, leastBad: 10 },
  }),
  rule('complained', {
    ...{ measure: 'complained', rings: 0.001, clears: 0.0008, window: 7 * DAY, least: 1000, leastBad: 3 },
  }),
  rule('complained-day', {
    ...{ measure: 'complained', rings: 0.003, clears: 0.001, window: DAY, least: 500, leastBad: 3 },
  }),
  rule('delivered', { measure: 'delivered', rings: 0.9, clears: 0.95, window: 6 * HOUR, leastBad: 10 }),
  rule('deferred', { measure: 'deferred', rings: 0.3, clears: 0.15, leastBad: 15 }),
  rule('overdue-access-1m', {
    ...{ measure: 'overdue', class: 'access', within: MINUTE, window: 15 * MINUTE, rings: 0.5, clears: 0.2 },
    ...{ least: 5, holds: 2 * MINUTE },
  }),
  rule('overdue-access', {
    ...{ measure: 'overdue', class: 'access', within: 5 * MINUTE, window: 15 * MINUTE, rings: 0.15, clears: 0.05 },
    ...{ least: 5, holds: 2 * MINUTE },
  }),
  rule('overdue-notice', {
    ...{ measure: 'overdue', class: 'notice', within: 15 * MINUTE, window: 30 * MINUTE, rings: 0.15, clears: 0.05 },
    ...{ least: 10 },
  }),
  rule('slow-access', {
    measure: 'slow',
    class: 'access',
    rings: 5 * MINUTE,
    clears: 2 * MINUTE,
    least: 20,
    leastBad: 0,
  }),
  rule('slow-notice', {
    measure: 'slow',
    class: 'notice',
    rings: 30 * MINUTE,
    clears: 15 * MINUTE,
    least: 20,
    leastBad: 0,
  }),
  rule('backlog-access', {
    ...{ measure: 'backlog', class: 'access', per: ['class'], rings: 100, clears: 20, least: 0, leastBad: 0 },
  }),
  rule('backlog-notice', {
    ...{ measure: 'backlog', class: 'notice', per: ['class'], rings: 1000, clears: 200, least: 0, leastBad: 0 },
    holds: 15 * MINUTE,
  }),
  rule('backlog-bulk', {
    ...{ measure: 'backlog', class: 'bulk', per: ['class'], rings: 10_000, clears: 2000, least: 0, leastBad: 0 },
    holds: HOUR,
  }),
  rule('polled', { measure: 'polled', per: ['domain'], rings: 0.2, clears: 0.1, window: 6 * HOUR, leastBad: 20 }),
  // A job that is late by some minutes is no flatline.
  rule('flatline-hour', {
    ...{ measure: 'flatline', per: ['domain'], rings: 0, clears: 0, least: 10, leastBad: 0 },
    ...{ holds: HOUR / 2, clearsAfter: 0 },
  }),
  rule('flatline-day', {
    ...{ measure: 'flatline', per: ['domain'], rings: 0, clears: 0, least: 10, leastBad: 0, window: DAY },
    ...{ holds: 3 * HOUR, clearsAfter: 0 },
  }),
];
