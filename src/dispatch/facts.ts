import type { Answer } from '../core/answer.ts';
import type { Action, HandOver } from '../core/decision/world.ts';
import type { Fact, FactOf } from '../core/delivery.ts';
import { endedFact } from '../core/ended.ts';
import type { Reason } from '../core/reason.ts';
import { restoredDouble } from '../core/restored.ts';
import type { Ms } from '../core/time.ts';
import { timeWords } from '../core/words/numbers.ts';
import type { View } from '../store/rows/rows.ts';

/** What a decision leaves behind that needs nobody outside. */
export function factsFor(view: View, action: Action, now: Ms): Fact[] {
  const { attempt } = view.delivery;
  switch (action.do) {
    case 'presumeUnanswered': {
      const detail = 'the process that was handing it over ended or lost its lease';
      return [{ key: `unanswered:${attempt}`, at: now, kind: 'unanswered', attempt, detail, died: true }];
    }
    case 'presumeUnasked': {
      const said = { settled: false, known: false, traced: false, problem: 'the question had no answer in its time' };
      return [{ key: `asked:${attempt}:${now}`, at: now, kind: 'asked', attempt, about: action.about, ...said }];
    }
    case 'hold': {
      const { about, until, why } = action;
      return [{ key: `held:${attempt}:${now}`, at: now, kind: 'held', attempt, about, until, why }];
    }
    case 'end':
      return [...whySuppressed(view, action.reason, now), endedFact(view, action.state, action.reason, now)];
    case 'ask':
    case 'wait':
    case 'handOver':
      return []; // It changed under our hands: it stays due and is looked at again.
  }
}

function whySuppressed(view: View, reason: Reason, now: Ms): Fact[] {
  if (reason !== 'suppressed' || view.suppressed === null) return [];
  const { cause, created_at } = view.suppressed;
  const { attempt } = view.delivery;
  const what = `its address is on our suppression list (${cause}) since ${timeWords(created_at)}`;
  return [{ key: `noted:${attempt}:${now}`, at: now, kind: 'noted', attempt, what }];
}

export function claimedFact(view: View, action: HandOver, claim: { lease: string; leaseFor: Ms; now: Ms }): Fact {
  const attempt = view.delivery.attempt + 1;
  const { provider, role, way, deliverAt } = action;
  const double = action.double ?? restoredDouble(view);
  return {
    key: `claimed:${attempt}`,
    at: claim.now,
    kind: 'claimed',
    attempt,
    provider,
    role,
    way,
    leaseUntil: claim.now + claim.leaseFor,
    lease: claim.lease,
    since: view.delivery.attempts.at(-1)?.failure?.at ?? null,
    deliverAt,
    double,
  };
}

/** What its provider will tell of it. */
export type Told = Pick<FactOf<'accepted'>, 'tracked' | 'returns'>;

/** What the end of a hand-over leaves behind. */
export function answerFact(answer: Answer, attempt: number, at: Ms, told: Told): Fact {
  const { detail } = answer;
  switch (answer.kind) {
    case 'accepted': {
      const { messageId } = answer;
      return { key: `accepted:${attempt}`, at, kind: 'accepted', attempt, messageId, ...told, detail };
    }
    case 'refused': {
      const { why, retryAfter = null } = answer;
      return { key: `refused:${attempt}`, at, kind: 'refused', attempt, why, detail, retryAfter };
    }
    case 'unanswered':
      return { key: `unanswered:${attempt}`, at, kind: 'unanswered', attempt, detail };
  }
}
