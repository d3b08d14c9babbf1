import type { Fact, FactOf } from './delivery.ts';
import { provesArrival } from './fold.ts';
import type { MessageClass } from './message-class.ts';
import type { RetryRules } from './plan.ts';
import { replyWords } from './reply-words.ts';
import { storable } from './safe-text.ts';
import type { Bounce, Report } from './sighting.ts';
import type { Ms } from './time.ts';
import type { SuppressionCause, Verdict } from './verdict.ts';

/**
 * Mailgun's lists of what recipients did. Its bounce list (605) is not among them: it shows no reply, and may hold
 * addresses whose mail failed because of a blocked IP.
 */
const LISTED_AT_MAILGUN: ReadonlyMap<number | null, SuppressionCause> = new Map([
  [606, 'unsubscribed'],
  [607, 'complained'],
]);

/**
 * Whether a report puts the address on our list. With `RETRY_DECISIONS=codes` a verdict never does, because then the
 * words of a server decide nothing; complaints and unsubscribes still do.
 */
export function suppressionFor(
  report: Report,
  bounce: Bounce | null,
  verdict: Verdict | null,
  rules: RetryRules,
): SuppressionCause | null {
  if (report === 'complained' || report === 'unsubscribed') return report;
  if (report !== 'failed' || !bounce || !verdict) return null;
  if (verdict.cause === 'suppressed') return LISTED_AT_MAILGUN.get(bounce.code) ?? null;
  if (rules.decisions === 'codes' || verdict.decision !== 'give_up_suppress') return null;
  return verdict.cause;
}

/**
 * Whether it stands in the way of mail of a class. Who unsubscribed has not asked for his own reset or code to be kept back; mail
 * without a class is a notice, and may be what he unsubscribed from.
 */
export const bars = (cause: SuppressionCause, kind: MessageClass): boolean =>
  cause !== 'unsubscribed' || kind !== 'access';

export type Suppressing = { cause: SuppressionCause; reply: string | null; at: Ms };

const isWish = (cause: SuppressionCause | undefined): boolean => cause === 'complained' || cause === 'unsubscribed';

/**
 * What the facts of a delivery say about its address, in whatever order they came. A complaint or unsubscription stays;
 * a verdict that the address is dead does not when mail arrived there afterwards.
 */
export function suppressedBy(facts: readonly Fact[]): Suppressing | null {
  const reports = facts.filter((f) => f.kind === 'reported').sort((a, b) => a.at - b.at);
  const wish = reports.find((r) => r.suppress === 'complained') ?? reports.find((r) => isWish(r.suppress));
  if (wish) return suppressing(wish);
  const alive = Math.max(0, ...reports.filter((r) => provesArrival(r.report)).map((r) => r.at));
  const last = reports.findLast((r) => r.suppress !== undefined && r.at > alive);
  return last ? suppressing(last) : null;
}

const LONGEST_REPLY = 2000;

function suppressing({ suppress, bounce, at }: FactOf<'reported'>): Suppressing | null {
  if (suppress === undefined) return null;
  return { cause: suppress, reply: storable(replyWords(bounce), LONGEST_REPLY) || null, at };
}

/** A provider's own lists of addresses that it sends nothing to. */
export const PROVIDER_LISTS = ['bounces', 'complaints', 'unsubscribes'] as const;
export type ProviderList = (typeof PROVIDER_LISTS)[number];

/**
 * The provider's lists that go with what is on ours. Whoever complained or unsubscribed did so to the sender: it is taken back
 * only where that is what is undone.
 */
export function listsFor(cause: SuppressionCause | null): ProviderList[] {
  if (cause === 'complained') return ['complaints'];
  return cause === 'unsubscribed' ? ['unsubscribes'] : ['bounces'];
}
