import type { RetryRules } from './plan.ts';
import type { PolicySettings } from './policy.ts';
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
  /** Before a busy provider is tried, or a provider that did not answer is asked, again. */
  pause: Ms;
  /** How long a claim and a hand-over are good for. */
  lease: Ms;
  adopt: 'off' | 'track' | 'retry';
  adoptAfter: Ms;
  unsuppressMaxPerDay: number;
  /** How long what the sender has to mend bars retries of mail that failed for it. */
  faultHold: Ms;
  /** So many re-posts for a recipient domain and cause without a cure are told of; 0 never. */
  hopelessAfter: number;
};
