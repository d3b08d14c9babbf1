import type { Failure, Outcome } from '../sim/fates.ts';

export const MAILBOX_FULL: Outcome = {
  fail: {
    code: 552,
    enhanced: '5.2.2',
    message: '5.2.2 The mailbox is over its quota',
    reason: 'generic',
    bounceType: 'soft',
  },
};

/** Mailgun has spent its own attempts on temporary failures. */
export const TOO_OLD: Outcome = {
  fail: {
    code: 602,
    message: 'Too old',
    reason: 'old',
    bounceType: 'soft',
    lastCode: 451,
    lastMessage: '4.3.2 Please try again later',
  },
};

/** No such domain; soft and permanent, as seen live in 2026. */
export const NO_MX: Outcome = {
  fail: { code: 498, message: 'No MX for the domain', reason: 'generic', bounceType: 'soft' },
};

export const GREYLISTED: Failure = {
  code: 451,
  enhanced: '4.7.1',
  message: '4.7.1 Greylisted, please come back in a few minutes',
  reason: 'greylisted',
};
