import type { Rule } from '../engine/rule.ts';

/** Mailgun's own lists: nothing was sent, and nothing will be. They stand before an operator's rules. */
export const SUPPRESSIONS: readonly Rule[] = [
  {
    name: 'mailgun-suppressed',
    cause: 'suppressed',
    codes: [605, 606, 607],
    source: 'Mailgun: 605 bounced before, 606 unsubscribed, 607 complained',
    example: { code: 605, message: '' },
  },
  {
    name: 'mailgun-suppress-reason',
    cause: 'suppressed',
    reasons: ['suppress-bounce', 'suppress-unsubscribe', 'suppress-complaint'],
    source: 'Mailgun, reason of a failed event',
    example: { code: 550, reason: 'suppress-complaint', message: 'gone before' },
  },
  {
    name: 'mailgun-not-delivering',
    cause: 'suppressed',
    pattern:
      'not delivering to (?:an? )?(?:previously bounced|unsubscribed|address (?:that|who) |(?:a user|recipient|one) who )',
    source: 'Mailgun, description of a suppressed delivery',
    example: { message: 'Not delivering to an address that was lost' },
  },
];

/** The same of others: of a second provider, and of a receiver that keeps such a list itself. */
export const SUPPRESSIONS_OF_OTHERS: readonly Rule[] = [
  {
    name: 'suppression-list',
    cause: 'suppressed',
    pattern: [
      'suppression[- ]list',
      '(?:address|recipient|user|mailbox) (?:<a> )?(?:is |was |has been ){0,2}suppressed',
      'suppressed (?:address|recipient)',
      'not (?:sending|delivering) to (?:an? )?(?:previously|bounced|suppressed|unsubscribed)',
    ],
    unless: ['sender', 'your (?:domain|ip|account)'],
    source: 'SparkPost, Amazon SES, SendGrid and others: nothing was sent, and nothing will be',
    example: '554 5.7.1 The recipient was suppressed (complaint)',
  },
];

/** Codes of Mailgun's own, which no receiving server uses. */
export const MAILGUN: readonly Rule[] = [
  {
    name: 'mailgun-no-mx',
    cause: 'bad_domain',
    pattern: 'no mx (?:records? )?(?:for|found)',
    codes: [498],
    source: 'Mailgun: 498 when the domain has no mail server',
    example: { code: 498, message: 'No MX for nowhere.test' },
  },
  {
    name: 'mailgun-dns',
    cause: 'bad_domain',
    codes: [498],
    decision: 'give_up_no_suppress',
    confidence: 0.6,
    source: 'Mailgun: 498 without "No MX" may be a passing failure of DNS',
    example: { code: 498, message: 'Lookup trouble' },
  },
  {
    name: 'mailgun-list-quality',
    cause: 'policy_block',
    codes: [625],
    decision: 'give_up_no_suppress',
    source: 'Mailgun: 625 poor quality of the mailing list',
    example: { code: 625, message: 'Poor quality list' },
  },
  {
    name: 'mailgun-connection',
    cause: 'network',
    codes: [499, 680],
    source: 'Mailgun: 499 no connection to the MX, 680 its own delivery node failed',
    example: { code: 680, message: 'Turret client trouble' },
  },
];

/** Asked after the words, which may know the true cause behind "too old". */
export const MAILGUN_LAST: readonly Rule[] = [
  {
    name: 'mailgun-reason-greylisted',
    cause: 'greylisted',
    reasons: ['greylisted'],
    source: 'Mailgun, reason of a failed event',
    example: { code: 451, reason: 'greylisted', message: 'Zzz' },
  },
  {
    name: 'mailgun-reason-quota',
    cause: 'mailbox_full',
    reasons: ['overquota'],
    source: 'Mailgun, older reason',
    example: { code: 550, reason: 'overquota', message: 'Zzz' },
  },
  {
    name: 'mailgun-reason-rate',
    cause: 'rate_limited',
    reasons: ['ratelimit'],
    source: 'Mailgun, older reason',
    example: { code: 550, reason: 'ratelimit', message: 'Zzz' },
  },
  {
    name: 'mailgun-reason-blacklisted',
    cause: 'ip_block',
    reasons: ['blacklisted'],
    source: 'Mailgun, older reason',
    example: { code: 550, reason: 'blacklisted', message: 'Zzz' },
  },
  {
    name: 'mailgun-too-old',
    cause: 'network',
    pattern: String.raw`^too old\b`,
    source: 'Mailgun: its own attempts are spent',
    example: { code: 602, message: 'Too old' },
  },
  {
    name: 'mailgun-reason-old',
    cause: 'network',
    reasons: ['old'],
    source: 'Mailgun: its own attempts are spent',
    example: { code: 550, reason: 'old', message: 'Zzz' },
  },
  {
    name: 'mailgun-too-old-code',
    cause: 'network',
    codes: [602],
    source: 'Mailgun: 602 too old',
    example: { code: 602, message: 'Zzz' },
  },
  {
    name: 'mailgun-espblock',
    cause: 'policy_block',
    reasons: ['espblock'],
    confidence: 0.6,
    source: 'Mailgun: the receiver blocks by policy, reputation or rate',
    example: { code: 550, reason: 'espblock', message: 'Zzz' },
  },
];
