import type { Ms } from '../../core/time.ts';

/** How the receiving side, or Mailgun for it, says no. */
export type Failure = {
  code: number;
  enhanced?: string;
  message: string;
  description?: string;
  reason?: string;
  bounceType?: 'hard' | 'soft';
  severity?: 'permanent' | 'temporary';
  /** The address goes on the bounce list. By default for permanent hard bounces, as Mailgun does. */
  suppress?: boolean;
  /** The true cause that Mailgun keeps beside its own words ("Too old"). */
  lastCode?: number;
  lastMessage?: string;
};

/** What can follow a delivery. */
export type Aftermath = 'opened' | 'clicked' | 'unsubscribed' | 'complained' | { delayedBounce: Failure };

/** What becomes of one hand-over. */
export type Outcome =
  | 'deliver'
  | 'silence' // accepted, and nothing more is ever heard
  | 'lost' // a 200, and not a single event
  | 'reject' // a 200, then Mailgun refuses to process it
  | { deliver: Aftermath[] }
  | { fail: Failure }
  | { defer: Failure /** default: the quirk `deferDelay` */; after?: Ms; next: Exclude<Outcome, 'lost' | 'reject'> };

/** The receiver blocks the IP of the shared pool; the address is not listed. */
export const BLOCKED_IP: Outcome = {
  fail: {
    code: 550,
    enhanced: '5.7.1',
    message: '5.7.1 Mail from 198.51.100.7 refused: the sending IP is on our block list',
    reason: 'espblock',
    bounceType: 'soft',
  },
};

/** The same, taken by Mailgun for a bad mailbox: the address lands on the bounce list. */
export const BLOCKED_IP_LISTED: Outcome = {
  fail: {
    code: 554,
    enhanced: '5.7.1',
    message: '5.7.1 Service unavailable; client host [198.51.100.7] blocked for poor reputation',
    reason: 'bounce',
    bounceType: 'hard',
  },
};

export const NO_SUCH_USER: Outcome = {
  fail: {
    code: 550,
    enhanced: '5.1.1',
    message: '5.1.1 The mailbox that you wrote to does not exist here',
    reason: 'bounce',
    bounceType: 'hard',
  },
};

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

export type Fates = {
  /** One outcome per hand-over of that recipient, the last repeating. */
  set: (recipient: string, script: Outcome | Outcome[]) => void;
  take: (recipient: string) => Outcome;
};

export const createFates = (otherwise: (recipient: string) => Outcome): Fates => {
  const scripts = new Map<string, Outcome[]>();
  return {
    set: (recipient, script) => {
      scripts.set(recipient.toLowerCase(), Array.isArray(script) ? [...script] : [script]);
    },
    take: (recipient) => {
      const script = scripts.get(recipient.toLowerCase());
      const outcome = script !== undefined && script.length > 1 ? script.shift() : script?.[0];
      return outcome ?? otherwise(recipient);
    },
  };
};
