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

export type Engagement = 'opened' | 'clicked' | 'unsubscribed' | 'complained';

/** What can follow a delivery. */
export type Aftermath = Engagement | { delayedBounce: Failure };

/** What becomes of one hand-over. */
export type Outcome =
  | 'deliver'
  | 'silence' // accepted, and nothing more is ever heard
  | 'lost' // a 200, and not a single event
  | 'reject' // a 200, then Mailgun refuses to process it
  | { deliver: Aftermath[] }
  | { fail: Failure }
  /** Refused for now and tried again by Mailgun, `after` so long (as in the quirk `deferDelay` unless it is given). */
  | { defer: Failure; after?: Ms; next: Exclude<Outcome, 'lost' | 'reject'> };

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

export type Fates = {
  /** One outcome per hand-over of that recipient, the last repeating. */
  set: (recipient: string, script: Outcome | Outcome[]) => void;
  take: (recipient: string) => Outcome;
};

export function createFates(otherwise: (recipient: string) => Outcome): Fates {
  const scripts = new Map<string, Outcome[]>();
  return {
    set: (recipient, script) => {
      scripts.set(recipient.toLowerCase(), Array.isArray(script) ? [...script] : [script]);
    },
    take: (recipient) => nextOf(scripts.get(recipient.toLowerCase())) ?? otherwise(recipient),
  };
}

function nextOf(script: Outcome[] | undefined): Outcome | undefined {
  return script !== undefined && script.length > 1 ? script.shift() : script?.[0];
}
