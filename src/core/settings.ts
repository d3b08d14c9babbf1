import type { Rate } from './pace.ts';
import type { RetryRules } from './plan.ts';
import type { PolicySettings } from './policy.ts';
import type { Preference } from './preference.ts';
import type { Ms } from './time.ts';

/** What the steps need of the configuration. Every wait has a name, so that a day's story can be played in seconds. */
export type Settings = {
  policies: PolicySettings;
  rules: RetryRules;
  schedule: 'auto' | 'mailgun' | 'local';
  /** How long the provider's records of a moment stay incomplete. */
  eventsSettle: Ms;
  /** How long a provider that can't be asked keeps a retry waiting. */
  askPatience: Ms;
  /** How long to wait before a busy provider is tried, or a silent one asked, again. */
  pause: Ms;
  /** How long a claim and a hand-over are good for. */
  lease: Ms;
  adopt: 'off' | 'track' | 'retry';
  adoptAfter: Ms;
  unsuppressMaxPerDay: number;
  /** How long mail is not retried after mail of the same domain failed for something that the sender has to mend. */
  faultHold: Ms;
  /** For how long it counts how a hand-over ended. */
  outageWindow: Ms;
  /** How long a notice waits for a provider that is down before it leaves through another. */
  outagePatience: Ms;
  /** Which provider a mail is handed to first. */
  preference: Preference;
  /** How much may leave through which provider. */
  rates: readonly Rate[];
  /** How much of what was held leaves a second through each provider when it may; infinite for as much as goes. */
  drainRate: number;
  /**
   * After so many re-posts without a cure for one recipient domain and cause the administrators are told; 0 is never.
   */
  hopelessAfter: number;
  /** How long after a mail it can be sent again because a person asks for it. */
  resendCooldown: Ms;
};
