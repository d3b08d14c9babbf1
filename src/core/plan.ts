import type { MessageClass } from './message-class.ts';
import type { Bounce } from './sighting.ts';
import { type Decision, OPERATORS_CONFIDENCE, type Verdict } from './verdict.ts';

export type CodeRange = { from: number; to: number };

export type RetryRules = {
  /** SMTP codes whose permanent failures may be retried at all. */
  codes: readonly CodeRange[];
  /** `codes`: retry whatever the range allows, as long as it is not suppressed and not plainly a bad mailbox. */
  decisions: 'classifier' | 'codes';
};

const PLANS: Record<Decision, Plan> = {
  retry_new_ip: 'retry',
  retry_later: 'wait',
  switch_provider: 'switch',
  fix_sender: 'stop',
  give_up_suppress: 'stop',
  give_up_no_suppress: 'stop',
};

const BAD_MAILBOX: ReadonlySet<string> = new Set(['recipient_unknown', 'recipient_disabled', 'bad_domain']);

/** What became of an attempt. */
type Tried = { failure: { plan: Plan | null } | null };

/** What a permanent failure calls for; `before` are the attempts of the delivery that are known to have failed. */
export function planFor(
  bounce: Bounce,
  verdict: Verdict,
  rules: RetryRules,
  before: readonly Tried[] = [],
  kind: MessageClass | null = null,
): Plan {
  if (verdict.cause === 'suppressed') {
    if (isOwnListing(bounce, before)) return 'retry';
    return kind === 'access' && isUnsubscribed(bounce) ? 'switch' : 'stop';
  }
  if (!mayRetry(bounce.code, rules.codes)) return 'stop';
  if (rules.decisions === 'codes') return BAD_MAILBOX.has(verdict.cause) ? 'stop' : 'retry';
  // Nobody can tell what "Transaction failed" alone means. Another IP does no harm, and the number of attempts is
  // limited.
  if (verdict.cause === 'undetermined' && !isOperators(verdict)) return bounce.code === null ? 'stop' : 'retry';
  return PLANS[verdict.decision];
}

/**
 * Whether the address is on Mailgun's bounce list because an earlier attempt of this delivery failed: the list let that
 * attempt through. That failure was worth a retry, so this one is too. The entry is removed before the next attempt.
 */
const isOwnListing = ({ code, reason }: Bounce, before: readonly Tried[]): boolean =>
  (code === 605 || reason === 'suppress-bounce') && before.some((a) => a.failure?.plan === 'retry');

/** Mailgun keeps back all mail of the domain from who unsubscribed, their resets too. Nobody unsubscribes from these. */
const isUnsubscribed = ({ code, reason }: Bounce): boolean => code === 606 || reason === 'suppress-unsubscribe';

/**
 * Whether an operator's own rule decided, which alone has this confidence. When such a rule says `undetermined`, that
 * is a decision.
 */
const isOperators = ({ confidence }: Verdict): boolean => confidence >= OPERATORS_CONFIDENCE;

/**
 * The ranges are about replies that a server gave for good. A 4xx is not one of them, although Mailgun has given up on it;
 * Mailgun's own codes (498 and 499 no connection, 6xx such as 602 "too old", 680 internal trouble) are no SMTP codes.
 */
function mayRetry(code: number | null, ranges: readonly CodeRange[]): boolean {
  if (code === null || code < 500 || code >= 600) return true;
  return ranges.some((r) => code >= r.from && code <= r.to);
}

/** What a failure calls for: the next attempt, the same after a longer wait, one try elsewhere, or nothing. */
export type Plan = 'retry' | 'wait' | 'switch' | 'stop';
