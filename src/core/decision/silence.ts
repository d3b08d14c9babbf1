import { type Attempt, freshAnswer } from '../delivery.ts';
import { DAY, HOUR, type Ms } from '../time.ts';
import { glance, longer, offListFirst } from './ask-first.ts';
import { elsewhereFrom, fallBack, holdOf, leastRefused } from './elsewhere.ts';
import { nextStep } from './step.ts';
import { type Action, end, type Look } from './world.ts';

const MAY_BE_OUT = 'the hand-over before it got no answer and may have gone out';

/** So long after its useful life, or after the first question if that came later, a mail waits for an answer about it. */
const UNHEARD: Ms = DAY;

/**
 * Why the attempt may have gone out although nobody confirmed it; null when the settled records of the provider show
 * that it did not. For a re-post they never show that: it may have got a new id that we never learnt, without our
 * variable.
 */
export function mayBeOut({ asked, claim }: Attempt): string | null {
  const neverThere =
    claim.way !== 'stored' && asked !== null && asked.problem === null && asked.settled && !asked.known;
  return neverThere ? null : MAY_BE_OUT;
}

/**
 * "No answer" is not "no": the provider is asked, and its "not found" is believed only when its records of that time
 * are final.
 */
export function whenUnconfirmed(look: Look, last: Attempt): Action {
  const { d, policy, c, now } = look;
  const lostAt = last.unanswered?.at ?? last.claim.at;
  const lookAgainAt = policy.patience === null ? d.usefulUntil : Math.min(lostAt + policy.patience, d.usefulUntil);
  if (now >= d.usefulUntil) return afterUsefulLife(look, last);
  const by = Math.max(lookAgainAt, now + (elsewhereFrom(look) === null ? c.pause : glance(c)));
  const ask = (at: Ms): Action => ({ do: 'ask', about: 'unconfirmed', at, by, unsuppress: false });
  const asked = freshAnswer(last);
  if (!asked && !c.askedInVain) return ask(now);
  const leaveFrom = elsewhereInOutage(look, last);
  const unheardUntil = last.unheardFrom === null ? null : last.unheardFrom + c.askPatience;
  // One question that fails says little of a provider that answers others.
  if (leaveFrom !== null && unheardUntil !== null && now >= Math.max(leaveFrom, unheardUntil))
    return fallBack(look, 'provider_down', mayBeOut(last));
  const isSettled = asked?.problem === null && asked.settled;
  const isPatienceOver = policy.patience !== null && now >= lostAt + policy.patience;
  if (!isSettled && !isPatienceOver) {
    const since = asked?.at ?? now;
    // Each question is a fact, and an event that comes in counts without one.
    const next = since + Math.max(c.pause, 3 * (since - lostAt));
    const leave = leaveFrom === null ? [] : [leaveFrom, unheardUntil ?? leaveFrom];
    const turns = [lostAt + c.eventsSettle, lookAgainAt - glance(c), ...leave].filter((at) => at > since);
    return ask(Math.min(next, ...turns));
  }
  // After a standstill the last answer is from before it.
  if (!isSettled && asked && asked.at < lookAgainAt - c.pause && !c.askedInVain) return ask(now);
  // What is known of others says nothing of an attempt whose own provider can't be asked.
  const canTell = c.candidates.some(({ name, can }) => name === last.claim.provider && can.lookUp);
  const isHeard = canTell && asked?.problem === null;
  if (policy.atMostOnce && !isHeard) return untilAnswered(look, last, lostAt);
  const again = { last, failure: null, from: lostAt, double: mayBeOut(last) };
  const step = nextStep(look, { ...again, why: 'never_reached_provider', at: 'schedule' });
  return offListFirst(look, last, step) ?? step;
}

/** From when on another provider gets what its own, which is down, may have taken; null when none does. */
function elsewhereInOutage(look: Look, { claim }: Attempt): Ms | null {
  const { c, d, policy } = look;
  const other = leastRefused(look);
  const isFree = other !== null && !holdOf(c, other.name) && policy.fallback && d.fallbackTries === 0;
  if (!policy.doubleInOutage || !c.hasBody || !isFree) return null;
  return holdOf(c, claim.provider)?.leaveFrom ?? null;
}

/** Where a second copy would harm, the question is asked until it has an answer or the mail is too old. */
function untilAnswered({ c, d, now }: Look, last: Attempt, lostAt: Ms): Action {
  const about = 'unconfirmed';
  if (c.askedInVain) return { do: 'presumeUnasked', about };
  const asked = freshAnswer(last);
  const at = asked ? asked.at + longer(asked.at - lostAt, c.pause) : now;
  return { do: 'ask', about, at, by: Math.max(d.usefulUntil, at, now) + c.pause, unsuppress: false };
}

/** Nobody knows whether it went out, and it is too late for another: the provider says it, or nobody does. */
function afterUsefulLife(look: Look, last: Attempt): Action {
  const { d } = look;
  const asked = freshAnswer(last);
  const isAnswered = asked?.problem === null && (asked.settled || asked.at >= d.usefulUntil);
  return isAnswered ? end('expired', 'unconfirmed') : (untilHeard(look, last) ?? end('expired', 'unconfirmed'));
}

/**
 * Accepted or deferred, and nothing heard for too long. It is sent again only where the provider's settled records have no
 * trace of it: what they know the provider still has, whatever it does with it, and another copy would be a double.
 */
export function whenSilent(look: Look, last: Attempt): Action {
  const { d, policy, now } = look;
  const asked = freshAnswer(last);
  const about = last.outcome;
  const over = end('expired', about === 'deferred' ? 'silent_deferred' : 'silent_accepted');
  if (asked?.problem !== null) return untilHeard(look, last) ?? over;
  if (now >= d.usefulUntil) return over;
  const isLost = about === 'accepted' && asked.settled && !asked.known && asked.traced === false;
  if (!isLost || policy.watch || last.claim.role === 'fallback') {
    const until = Math.min(d.usefulUntil, now + policy.silenceAfter);
    return { do: 'hold', about, until, why: 'nothing_heard' };
  }
  const again = { last, failure: null, from: last.claim.at, double: null } as const;
  const step = nextStep(look, { ...again, why: 'silence', at: 'once' });
  return offListFirst(look, last, step) ?? step;
}

/**
 * Asks until there is an answer, because silence says nothing while we can't hear. Null when that has taken too long: a day
 * after the useful life, or after the first question if that could not be asked before.
 */
function untilHeard(look: Look, last: Attempt): Action | null {
  const { d, c, now } = look;
  const about = last.outcome;
  if (c.askedInVain) return { do: 'presumeUnasked', about };
  const asked = freshAnswer(last);
  const since = last.unheardFrom;
  if (!asked || since === null) return { do: 'ask', about, at: now, by: now + HOUR, unsuppress: false };
  if (now >= Math.max(d.usefulUntil, since) + UNHEARD) return null;
  const at = asked.at + Math.min(Math.max(c.pause, (asked.at - since) / 2), HOUR);
  return { do: 'ask', about, at: Math.round(at), by: Math.max(at, now) + HOUR, unsuppress: false };
}
