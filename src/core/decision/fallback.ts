import type { Candidate } from '../capabilities.ts';
import type { Attempt } from '../delivery.ts';
import { waitAfter } from '../policy.ts';
import { type Reason, refusedFor } from '../reason.ts';
import type { Ms } from '../time.ts';
import { askFirst } from './ask-first.ts';
import {
  holdOf,
  isRefusedByProvider,
  leastRefused,
  nothingLeft,
  others,
  refusalsBy,
  refusalWait,
  toOther,
} from './elsewhere.ts';
import { mayBeOut } from './silence.ts';
import type { Action, HandOver, Look } from './world.ts';

/** What follows a fallback that was refused, or that got no answer. */
export function afterFallback(look: Look, last: Attempt): Action {
  const refusal = last.answer?.kind === 'refused' ? last.answer : null;
  switch (refusal?.why) {
    case 'permanent':
    case 'invalid':
      return nothingLeft(look, 'secondary_refused');
    case 'unreadable':
      return nothingLeft(look, 'refused_unreadable');
    case 'gone':
      return nothingLeft(look, 'storage_gone');
    case 'storage_refused':
      return nothingLeft(look, 'storage_refused');
  }
  if (!look.policy.fallback) return nothingLeft(look, 'secondary_exhausted');
  return isRefusedByProvider(last) ? toNextOther(look, last) : theSameAgain(look, last);
}

/**
 * The provider took nothing, and another may take it at once. When all have refused, it starts again after a wait: with
 * the one that mail goes to when all is well, which may be well by now, or else with the first of the others.
 */
function toNextOther(look: Look, last: Attempt): Action {
  const next = leastRefused(look);
  if (!next) return nothingLeft(look, 'secondary_exhausted');
  if (look.now >= look.d.usefulUntil) return nothingLeft(look, 'useful_life_over');
  const step = toOther(next, reasonOf(last), null);
  const home = toHome(look, reasonOf(last));
  const asked = last.answer?.kind === 'refused' ? (last.answer.retryAfter ?? 0) : 0;
  const from = last.answer?.at ?? last.claim.at;
  const rounds = refusalsBy(look, next.name);
  const usual = refusalWait(Math.max(1, rounds), look.c.pause);
  // For how long the other one wants to be left alone is nothing to the one at home.
  if (asked > 0 && next.name === last.claim.provider)
    return afterWait(look, last, from + (home ? Math.min(asked, usual) : asked), home ?? step);
  if (rounds === 0 || others(look).some(({ name }) => refusalsBy(look, name) > rounds)) return step;
  return afterWait(look, last, from + usual, home ?? step);
}

/** What nobody has ever taken may leave as it would have at first; null when that is held back, or something was taken. */
function toHome({ d, c }: Look, why: Reason): HandOver | null {
  const [home] = c.candidates;
  if (!home || d.tries > 0 || !c.hasBody || holdOf(c, home.name)) return null;
  return { do: 'handOver', provider: home.name, role: 'first', way: 'whole', deliverAt: null, double: null, why };
}

/**
 * After a 4xx for the recipient, or no answer, the same provider is tried again after the usual wait, as another would only be
 * a second opinion. Somebody waits for access mail: it goes to one that has not tried yet, and on until its life is over.
 */
function theSameAgain(look: Look, last: Attempt): Action {
  const { id, d, policy } = look;
  const isOver = d.fallbackTries >= policy.maxAttempts;
  const isUrgent = policy.fallbackAfter !== null;
  if (last.answer && (isUrgent || isOver)) {
    const next = untried(look);
    if (next) return toOther(next, reasonOf(last), null);
  }
  const same = others(look).find(({ name }) => name === last.claim.provider) ?? leastRefused(look);
  if (!same || (isOver && !(last.answer && isUrgent)))
    return nothingLeft(look, last.answer ? 'secondary_exhausted' : 'unconfirmed');
  const double = last.answer ? null : mayBeOut(last);
  // One copy that may be a double is enough: whatever keeps the answers away may keep all of them away.
  if (double !== null && (policy.atMostOnce || last.claim.double !== null)) return nothingLeft(look, 'unconfirmed');
  const from = last.answer?.at ?? last.unanswered?.at ?? last.claim.at;
  return afterWait(look, last, from + waitAfter(id, d.fallbackTries, policy), toOther(same, reasonOf(last), double));
}

function afterWait(look: Look, last: Attempt, dueAt: Ms, step: Action): Action {
  const { d, now } = look;
  if (dueAt > d.usefulUntil || now >= d.usefulUntil) return nothingLeft(look, 'useful_life_over');
  if (now < dueAt) return { do: 'hold', about: last.outcome, until: dueAt, why: 'secondary_did_not_take_it' };
  // Of what nobody has taken nobody knows anything.
  if (d.tries + d.fallbackTries === 0) return step;
  return askFirst(look, last, dueAt, step) ?? step;
}

/** Why the attempt is not the last one. */
const reasonOf = ({ answer }: Attempt): Reason => (answer?.kind === 'refused' ? refusedFor(answer.why) : 'unanswered');

/**
 * What follows when a provider took a fallback and then reports that it failed: a provider that has not tried it yet; else
 * the same one again by the schedule, where the failure may pass; or the end.
 */
export function afterFailedFallback(look: Look, last: Attempt, why: Reason): Action {
  const next = untried(look);
  if (next && look.policy.fallback) return toOther(next, why, null);
  return failedAgain(look, last, why) ?? nothingLeft(look, 'secondary_refused');
}

/** Another provider that has not tried yet. */
function untried(look: Look): Candidate | undefined {
  const tried = new Set(look.d.attempts.map((a) => a.claim.provider));
  return others(look).find(({ name }) => !tried.has(name));
}

function failedAgain({ id, d, c, policy, now }: Look, { claim, failure }: Attempt, why: Reason): Action | null {
  const mayPass = failure?.plan === 'retry' || failure?.plan === 'wait';
  const isHere = c.candidates.some(({ name }) => name === claim.provider);
  if (!failure || !mayPass || !isHere || !policy.fallback || d.fallbackTries >= policy.maxAttempts) return null;
  // By whatever clock the failure was told, it came after the hand-over, and is over.
  const failedAt = failure.at > now ? claim.at : Math.max(failure.at, claim.at);
  const dueAt = failedAt + waitAfter(id, d.fallbackTries + (failure.plan === 'wait' ? 1 : 0), policy);
  if (dueAt > d.usefulUntil) return null;
  return now < dueAt
    ? { do: 'hold', about: 'failed', until: dueAt, why }
    : toOther({ name: claim.provider }, why, null);
}
