import type { Fault, Limits } from '../../core/drills.ts';
import { MINUTE, type Ms, SECOND } from '../../core/time.ts';

/** Lets something stand before a part of the play; it is asked in place of what is behind it. */
export type Insert = (url: string) => Promise<{ url: string; close(): Promise<void> }>;

export type Staging = {
  kind: 'staging';
  /** Of the environment: the plan that is to be proved, and the keys. */
  env: Readonly<Record<string, string | undefined>>;
  /** The API of the real Mailgun. */
  apiUrl: string;
  domain: string;
  recipients: readonly string[];
};

export type DrillPlan = {
  fault: Fault;
  lasts: Ms;
  place: { kind: 'demo' } | Staging;
  pace: Pace;
  /** Settings of the daemon that are other than they would be. */
  env?: Readonly<Record<string, string>>;
  /** Between the fault and the provider; between the daemon and who judges it. */
  inserts?: { primary?: Insert; daemon?: Insert };
};

export type Pace = {
  /** Between two mails, and between two looks. */
  mailEvery: Ms;
  lookEvery: Ms;
  /** How long `slow` holds answers back, and for how many seconds `429` wants to be left alone. */
  delay: Ms;
  retryAfter: number;
  limits: Limits;
};

/** By what a drill against the demo is played: a minute of life is a second or two. */
export function demoPace(): Pace {
  return {
    ...{ mailEvery: 250, lookEvery: 200, delay: 1500, retryAfter: 1 },
    limits: {
      accept: 2 * SECOND,
      notice: 30 * SECOND,
      failover: 15 * SECOND,
      status: 10 * SECOND,
      calm: 2 * MINUTE,
      drainRate: DEMO_DRAIN,
    },
  };
}

export const DEMO_DRAIN = 10;

/** In real time, by the settings of the daemon. */
export function stagingPace({ window, steady, silence, drainRate, fault, lasts }: Given): Pace {
  // When it comes back while the fault still lasts, it stays away for an hour after the third change.
  const isLong = fault === 'accepts-but-silent' && lasts > steady;
  return {
    ...{ mailEvery: window / 12, lookEvery: Math.min(2 * SECOND, window / 10), delay: 8 * SECOND, retryAfter: 30 },
    limits: {
      accept: 5 * SECOND,
      notice: (fault === 'accepts-but-silent' ? 2 * silence : 0) + 2 * window + 30 * SECOND,
      failover: 3 * MINUTE,
      status: 15 * SECOND,
      calm: 2 * steady + 30 * MINUTE + (isLong ? 70 * MINUTE : 0),
      drainRate,
    },
  };
}

type Given = { window: Ms; steady: Ms; silence: Ms; drainRate: number; fault: Fault; lasts: Ms };
