// One delivery as its page tells it.

import { factOf } from '../../contract/present.ts';
import type { Card } from '../../contract/support.ts';
import type { Attempt, FactOf } from '../../core/delivery.ts';
import { inTime } from '../../core/fold.ts';
import { replyWords } from '../../core/reply-words.ts';
import { safeJson } from '../../core/safe-text.ts';
import type { Deed } from '../../core/support.ts';
import type { Ms } from '../../core/time.ts';
import { factWords } from '../../core/words/facts.ts';
import { planWords } from '../../core/words/plans.ts';
import { reasonWords } from '../../core/words/reasons.ts';
import { lastTryWords } from '../../core/words/support.ts';
import { wayWords } from '../../core/words/ways.ts';
import { saidIn } from '../../operate/operate.ts';
import type { AuditEntry } from '../../store/notes/audit.ts';
import type { View } from '../../store/rows/rows.ts';
import { TEXTS } from '../desk/texts.ts';
import { mayAct, type Role } from '../desk/users.ts';

/** What can be done about it on this page, and by whom. */
export const ACTS = { resend: 'support', retry: 'operator', cancel: 'operator' } as const satisfies Partial<
  Record<Deed, Role>
>;
export type Act = keyof typeof ACTS;

const isAct = (name: string): name is Act => Object.hasOwn(ACTS, name);

/** Of what happened, the newest are shown. */
const MOST_FACTS = 200;

export function mailCard(view: View, card: Card, { role, now, deeds }: Looking) {
  const { delivery, facts, birth } = view;
  const isWatched = birth.policy.watch;
  const acts = actsFor(card, role, now);
  return {
    ...{ id: view.id, recipient: view.recipient, state: delivery.state, sentence: card.sentence },
    ...{ next: card.nextSentence, proof: card.doesNotProve, actor: TEXTS.mail.acting[delivery.state] },
    trouble: card.lastError,
    advice: card.canDo.filter(({ what }) => !isAct(what)).map(({ sentence }) => sentence),
    primary: acts.find(({ name, from }) => name !== 'cancel' && from === null) ?? null,
    acts,
    attempts: delivery.attempts.map(shownAttempt).reverse(),
    happened: [
      ...deeds.filter(({ ids }) => ids?.includes(view.id) ?? true),
      ...inTime(facts)
        .slice(-MOST_FACTS)
        .reverse()
        .map((fact) => ({
          ...{ at: fact.at, kind: fact.kind, says: factWords(fact, isWatched) },
          details: safeJson(factOf(fact, isWatched), 2),
        })),
    ].sort((one, other) => other.at - one.at),
  };
}

type Looking = { role: Role; now: Ms; deeds: readonly PersonsDeed[] };

export type PersonsDeed = ReturnType<typeof personsDeed>;

/** Who did what to a message, and why. `ids` are the deliveries that it was done to; null for all of them, or for many. */
export function personsDeed({ at, who, what, detail }: AuditEntry & { at: Ms }) {
  const { why, ids } = saidIn(detail ?? '');
  const did = Object.hasOwn(TEXTS.mail.did, what) ? TEXTS.mail.did[what as keyof typeof TEXTS.mail.did] : what;
  return { at, ids, kind: null, says: TEXTS.mail.deed(who, did, why), details: null };
}

/** The most useful first; `from` is set while it is too early. */
function actsFor({ canDo, state }: Card, role: Role, now: Ms): { name: Act; from: Ms | null }[] {
  const named = canDo.flatMap((deed) => {
    const from = 'from' in deed && typeof deed.from === 'string' ? Date.parse(deed.from) : null;
    return isAct(deed.what) ? [{ name: deed.what, from: from !== null && from > now ? from : null }] : [];
  });
  // What was rightly given up can be tried again all the same, where an operator knows better.
  const isLost = state === 'failed' || state === 'expired' || state === 'cancelled';
  const all = isLost ? [...named, { name: 'retry' as const, from: null }] : named;
  return all.filter(({ name }) => mayAct(role, ACTS[name])).sort((a, b) => RANK[a.name] - RANK[b.name]);
}

const RANK: Record<Act, number> = { retry: 0, resend: 1, cancel: 2 };

function shownAttempt(attempt: Attempt) {
  const { number, claim, answer, unanswered, reports } = attempt;
  return {
    ...{ number, at: claim.at, way: wayWords(claim) },
    ...{ says: lastTryWords(attempt), deliverAt: claim.deliverAt, double: claim.double },
    answer: answer?.detail || unanswered?.detail || null,
    reports: reports.map(shownReport),
  };
}

function shownReport({ at, report, bounce, verdict, plan, sendingIp, foundBy }: FactOf<'reported'>) {
  return {
    ...{ at, report, foundBy, ip: sendingIp, server: bounce?.mxHost ?? null, reply: replyWords(bounce) || null },
    verdict: verdict && {
      ...{ cause: reasonWords(verdict.cause), decision: verdict.decision, plan: planWords(plan) },
      ...{ rule: verdict.evidence.rule, words: verdict.evidence.words },
      confidence: Math.round(100 * verdict.confidence),
    },
  };
}
