import type { Attempt, Fact } from '../core/delivery.ts';
import { inTime } from '../core/fold.ts';
import type { Ms } from '../core/time.ts';
import { factWords } from '../core/words/facts.ts';
import { type Keeping, keepingWords } from '../core/words/holds.ts';
import { standingWords } from '../core/words/standing.ts';
import type { Found } from '../store/messages/search.ts';
import type { MessageRow, View } from '../store/rows/rows.ts';

/** Times leave as ISO 8601 in UTC. */
const iso = (at: Ms | null): string | null => (at === null ? null : new Date(at).toISOString());

const messageFields = (m: MessageRow) => ({
  id: m.id,
  messageId: m.message_id,
  domain: m.domain,
  from: m.sender,
  subject: m.subject,
  class: m.class,
  createdAt: iso(m.created_at),
});

/** Only a queued delivery has a next attempt; for the others the time is when we look at them again. */
const nextAttemptAt = (state: string, nextAt: Ms | null): string | null => (state === 'queued' ? iso(nextAt) : null);

/** A message as a search shows it. */
export const summaryOf = ({ message, deliveries }: Found) => ({
  ...messageFields(message),
  deliveries: deliveries.map((d) => ({
    recipient: d.recipient,
    state: d.state,
    reason: d.reason,
    attempt: d.attempt,
    provider: d.provider,
    nextAttemptAt: nextAttemptAt(d.state, d.next_at),
  })),
});

/** Where a delivery stands and what comes next; with what keeps it from leaving, if anything does. */
export const explanationOf = ({ delivery, birth }: View, keeping: Keeping | undefined): string =>
  [standingWords(delivery, birth.policy.watch), ...(keeping ? [keepingWords(keeping)] : [])].join(' ');

/** A message with everything that is known of it, and with what keeps some of its deliveries from leaving. */
export const detailOf = (message: MessageRow, views: readonly View[], kept: ReadonlyMap<string, Keeping>) => ({
  ...messageFields(message),
  ...(ownClassOf(views) === null ? {} : { ownClass: ownClassOf(views) }),
  deliveries: views.map((view) => deliveryOf(view, kept.get(view.id))),
});

function deliveryOf(view: View, keeping: Keeping | undefined) {
  const { recipient, delivery: d, facts, birth } = view;
  return {
    recipient,
    state: d.state,
    reason: d.said ?? d.reason,
    attempt: d.attempt,
    provider: d.provider,
    nextAttemptAt: nextAttemptAt(d.state, d.nextAt),
    explanation: explanationOf(view, keeping),
    attempts: d.attempts.map(attemptOf),
    facts: inTime(facts).map((fact) => factOf(fact, birth.policy.watch)),
  };
}

/** The operator's own class that its policy comes from. */
export const ownClassOf = (views: readonly View[]): string | null => views[0]?.birth.policy.named ?? null;

const attemptOf = (a: Attempt) => ({
  number: a.number,
  provider: a.claim.provider,
  role: a.claim.role,
  way: a.claim.way,
  at: iso(a.claim.at),
  deliverAt: iso(a.claim.deliverAt),
  outcome: a.outcome,
  answer: answerOf(a),
  possibleDouble: a.claim.double,
});

function answerOf({ answer, unanswered }: Attempt) {
  const said = answer ?? unanswered;
  if (!said) return null;
  const common = { kind: said.kind, at: iso(said.at), detail: said.detail };
  if (said.kind === 'accepted') return { ...common, messageId: said.messageId };
  return said.kind === 'refused' ? { ...common, why: said.why } : common;
}

const TIMES: ReadonlySet<string> = new Set(['at', 'leaseUntil', 'since', 'deliverAt', 'until']);
/** Fields of a fact that are for our own use and not shown. */
const OURS: ReadonlySet<string> = new Set(['key', 'lease']);

/** A fact as programs see it. */
export function factOf(fact: Fact, isWatched = false): Record<string, unknown> {
  const { at, kind, ...rest } = fact;
  const fields = Object.entries(rest)
    .filter(([name]) => !OURS.has(name))
    .map(([name, value]) => [name, TIMES.has(name) && typeof value === 'number' ? iso(value) : value]);
  return {
    at: iso(at),
    kind,
    text: factWords(fact, isWatched),
    ...(Object.fromEntries(fields) as Record<string, unknown>),
  };
}
