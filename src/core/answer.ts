import type { Ms } from './time.ts';

/** Why a provider said no, at once and for certain. */
export const REFUSALS = [
  'busy', // rate limit, overload, connection refused: nothing was taken, and later may be better
  'account', // bad key, unpaid, domain disabled, login refused: the provider is no use to us now
  'gone', // the stored copy that we asked for no longer exists there
  'storage_refused', // by our own check: the API key does not go where the stored copy is said to be
  'withdrawn', // by us: this process was stopped or stood still before anything had left
  'unscheduled', // not at the time that it was given; nothing is said of the message itself
  'unreadable', // our own copy is damaged: it never opens again
  'invalid', // this message as it is; the same request will never do
  'temporary', // SMTP: the recipient was refused with a 4xx
  'permanent', // SMTP: the recipient was refused with a 5xx
] as const;
export type Refusal = (typeof REFUSALS)[number];

/**
 * How a hand-over ended. A provider's trouble is an answer, not an exception, and "no answer" is not "no":
 * `unanswered` means that it may or may not have gone out.
 */
export type Answer =
  | {
      kind: 'accepted' /** as the provider wrote it, without angle brackets */;
      messageId: string | null;
      detail: string;
    }
  | { kind: 'refused'; why: Refusal; detail: string /** the provider asked us to wait this long */; retryAfter?: Ms }
  | { kind: 'unanswered'; detail: string };
