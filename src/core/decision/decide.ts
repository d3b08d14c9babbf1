import type { Attempt, Delivery } from '../delivery.ts';
import { type Reason, refusedFor } from '../reason.ts';
import { type Ms, SECOND } from '../time.ts';
import { askFirst } from './ask-first.ts';
import { fallBack, leastRefused, nothingLeft, others, refusalWait, toOther } from './elsewhere.ts';
import { afterFailedFallback, afterFallback } from './fallback.ts';
import { heldBack } from './held.ts';
import { mayBeOut, whenSilent, whenUnconfirmed } from './silence.ts';
import { nextStep, tooLate } from './step.ts';
import { type Action, end, type HandOver, type Look } from './world.ts';

/** The one place that decides. Pure: the same delivery, circumstances and time give the same action. */
export function decide(look: Look): Action {
  const action = nextAction(look);
  const final = action.do === 'handOver' ? handedOver(look, action) : action;
  return look.c.behind && isConcluded(look, final) ? { do: 'wait', until: look.now + look.c.pause } : final;
}

/** What becomes of a hand-over: it must not be, it is too early for it, an operator holds it back, or it is made. */
function handedOver(look: Look, action: HandOver): Action {
  const instead = barred(look) ?? tooEarly(look, action);
  if (instead) return instead;
  const made = heldBack(look, action) ?? action;
  return made.do === 'handOver' ? called(look, made) : made;
}

const called = ({ d }: Look, action: HandOver): HandOver => ({ ...action, double: action.double ?? unresolved(d) });

/** Why it may be a double although the attempt right before it was refused or failed: one before that got no answer. */
function unresolved({ attempts }: Delivery): string | null {
  const out = attempts.findLast((a) => a.outcome === 'unconfirmed' && mayBeOut(a) !== null);
  return out ? mayBeOut(out) : null;
}

/** Whether it concludes something from what was not heard. What the provider has on record is read first. */
function isConcluded({ d }: Look, action: Action): boolean {
  if (d.attempts.length === 0) return action.do === 'handOver';
  const { outcome } = d.attempts.at(-1) as Attempt;
  if (action.do === 'end' || action.do === 'presumeUnasked') return true;
  return action.do === 'ask' && (outcome === 'accepted' || outcome === 'deferred');
}

/**
 * Another provider, and a copy that is sent again, keep no time that the application asked for: they wait for it here. A
 * first send goes as the application wrote it, with its time.
 */
function tooEarly({ d, now }: Look, action: HandOver): Action | null {
  const last = d.attempts.at(-1);
  if (!last || d.deliverAt === null || now >= d.deliverAt || action.role === 'first') return null;
  return { do: 'hold', about: last.outcome, until: d.deliverAt, why: action.why ?? 'nothing_heard' };
}

/** Ends what must not be sent, whatever the next step would be. */
function barred({ d, c }: Look): Action | null {
  if (c.suppressed) return end('failed', 'suppressed');
  if (deathsOf(d) >= DEATHS && !d.reopened) return end('abandoned', 'ends_processes');
  const cause = d.attempts.at(-1)?.failure?.verdict?.cause;
  // Opening it again means that the operator has mended the fault; it counts as mended until the same failure is
  // reported again.
  const believedMendedAt = d.reopened?.at ?? 0;
  if (cause === undefined || c.faultAt === null || c.faultAt <= believedMendedAt) return null;
  return end('failed', cause);
}

const isOurs = ({ claim }: Attempt): boolean => claim.way !== 'application';

/** After so many it is the mail that ends them, and others would wait for it for ever. */
const DEATHS = 3;

/** Our processes in a row that were never heard of again while they handed it over. */
function deathsOf({ attempts }: Delivery): number {
  const lived = attempts.findLastIndex((a) => !(isOurs(a) && a.outcome === 'unconfirmed' && a.unanswered?.died));
  return attempts.length - 1 - lived;
}

function nextAction(look: Look): Action {
  const { d } = look;
  const last = d.attempts.at(-1);
  if (!last) return firstSend(look);
  if (d.reopened) return whenReopened(look, last, d.reopened.at);
  const isFallback = last.claim.role === 'fallback';
  switch (last.outcome) {
    case 'sending':
      return whenInFlight(look, last);
    case 'unconfirmed':
      return isFallback ? afterFallback(look, last) : whenUnconfirmed(look, last);
    case 'accepted':
    case 'deferred':
      return whenSilent(look, last);
    case 'refused':
      return isFallback ? afterFallback(look, last) : afterRefusal(look, last);
    case 'failed':
      return afterFailure(look, last);
    case 'arrived':
      throw new Error(`delivery ${look.id} has arrived and is never due`);
  }
}

/** Whoever hands it over holds it by a clock of its own. */
function whenInFlight({ c, now }: Look, { claim }: Attempt): Action {
  const until = claim.leaseUntil + (c.ahead ?? 0);
  return now < until ? { do: 'wait', until } : { do: 'presumeUnanswered' };
}

function firstSend(look: Look): Action {
  const { d, c, now } = look;
  if (now >= d.usefulUntil) return end('expired', 'useful_life_over');
  const [home] = c.candidates;
  if (!c.hasBody || !home) return end('abandoned', 'nothing_to_send');
  const backup = byBackup(look, null);
  if (backup) return backup;
  const how = { provider: home.name, role: 'first', way: 'whole' } as const;
  return { do: 'handOver', ...how, deliverAt: null, double: null, why: null };
}

/** An operator wants it sent: as soon as possible, but not before what may have arrived is asked about. */
function whenReopened(look: Look, last: Attempt, openedAt: Ms): Action {
  const { d, now } = look;
  if (now >= d.usefulUntil) return end('expired', 'useful_life_over');
  if (last.outcome === 'sending') {
    const { leaseUntil } = last.claim;
    if (now >= leaseUntil) return { do: 'presumeUnanswered' };
    return { do: 'hold', about: 'sending', until: leaseUntil, why: 'still_in_flight' };
  }
  const { failure } = last;
  const double = doubleOf(last);
  const step =
    byBackup(look, double) ?? nextStep(look, { last, failure, from: openedAt, double, why: 'reopened', at: 'once' });
  return askFirst(look, last, openedAt, step) ?? step;
}

/** An operator wants it to leave through another provider; null when nobody does, or when there is none. */
function byBackup(look: Look, double: string | null): Action | null {
  const { d, c } = look;
  const other = d.reopened?.byBackup ? leastRefused(look) : null;
  const hasCopy = c.hasBody || d.storages.length > 0;
  return other && hasCopy ? toOther(other, 'reopened', double) : null;
}

/** Why one more attempt may be a double, if it may. */
function doubleOf(last: Attempt): string | null {
  switch (last.outcome) {
    case 'failed':
    case 'refused':
      return null;
    case 'unconfirmed':
      return mayBeOut(last);
    case 'arrived':
      return 'the attempt before it arrived';
    default:
      return 'the provider accepted the attempt before it';
  }
}

function afterFailure(look: Look, last: Attempt): Action {
  const { d, now } = look;
  const { failure } = last;
  if (!failure) throw new Error(`attempt ${last.number} of ${look.id} failed without a failure`);
  const why = failure.verdict?.cause ?? 'failed';
  if (look.policy.watch) return end('failed', why);
  if (now >= d.usefulUntil) return end('expired', 'useful_life_over');
  const step = stepAfterFailure(look, last, why);
  return askFirst(look, last, failure.at, step) ?? step;
}

function stepAfterFailure(look: Look, last: Attempt, why: Reason): Action {
  const { c, policy } = look;
  const { failure } = last;
  if (last.claim.role === 'fallback') return afterFailedFallback(look, last, why);
  // A refusal of the content comes from every address of the pool, so without another provider that is the end. A
  // refusal that says nothing may be about the address all the same.
  const elsewhere = c.candidates.length > 1 && policy.fallback;
  if (failure?.plan === 'switch' && (elsewhere || why !== 'policy_block')) return fallBack(look, why, null);
  return nextStep(look, { last, failure, from: failure?.at ?? look.now, double: null, why, at: 'schedule' });
}

function afterRefusal(look: Look, last: Attempt): Action {
  const { d, now } = look;
  if (last.answer?.kind !== 'refused') throw new Error(`attempt ${last.number} of ${look.id} was not refused`);
  const { why, at, retryAfter } = last.answer;
  // The application made this call itself and was told of the refusal. We have no copy to send.
  if (last.claim.way === 'application') return end('failed', refusedFor(why));
  if (now >= d.usefulUntil) return end('expired', 'useful_life_over');
  if (why === 'gone' || why === 'storage_refused') return withoutStoredCopy(look, last, why);
  if (why === 'unreadable') return nothingLeft(look, 'refused_unreadable');
  if (why === 'invalid' && last.claim.role === 'first') return end('failed', 'refused_invalid');
  if (why === 'invalid') return fallBack(look, 'refused_invalid', null);
  const wait = Math.max(retryAfter ?? 0, why === 'withdrawn' ? 0 : homeWait(look));
  // The wait that it would not keep is kept here.
  const until = why === 'unscheduled' ? (last.claim.deliverAt ?? at) : inLife(look, at, at + wait);
  const late = tooLate(look, until);
  if (!late && !last.held && until > now) return { do: 'hold', about: 'refused', until, why: refusedFor(why) };
  return tryAgain(look, last, { late, at, why: refusedFor(why) });
}

function withoutStoredCopy(look: Look, last: Attempt, why: 'gone' | 'storage_refused'): Action {
  const { c, d, now } = look;
  const [home] = c.candidates;
  const reason = why === 'gone' ? 'storage_gone' : why;
  if (c.hasBody && home && d.tries < d.budget) {
    const { deliverAt: at } = last.claim;
    const how = { provider: home.name, role: 'retry', way: 'whole' } as const;
    const deliverAt = at !== null && at > now ? at : null;
    return { do: 'handOver', ...how, deliverAt, double: null, why: refusedFor(why) };
  }
  // Another provider would be given the same stored copy, which may not be fetched.
  return why === 'storage_refused' && !c.hasBody ? nothingLeft(look, reason) : fallBack(look, reason, null);
}

/** The provider took nothing: try it again after the wait, or another provider when that would be too late. */
function tryAgain(look: Look, last: Attempt, refused: { late: boolean; at: Ms; why: Reason }): Action {
  const { d } = look;
  const failure = d.attempts.findLast((a) => a.failure)?.failure ?? null;
  const from = failure?.at ?? refused.at;
  const when = failure ? 'schedule' : 'once';
  const step = refused.late
    ? fallBack(look, refused.why, null)
    : nextStep(look, { last, failure, from, double: null, why: refused.why, at: when });
  return (d.tries > 0 ? askFirst(look, last, from, step) : null) ?? step;
}

/** Mail that can go nowhere else is tried a last time before its useful life ends, however long the wait would be. */
function inLife(look: Look, from: Ms, until: Ms): Ms {
  const lastAt = look.d.usefulUntil - look.c.pause;
  const isLastHope = others(look).length === 0 || !look.policy.fallback || look.d.fallbackTries > 0;
  return isLastHope && from < lastAt ? Math.min(until, lastAt) : until;
}

/** Somebody waits for it, and in an outage it leaves elsewhere as soon as that is known. */
const URGENT: Ms = 3 * SECOND;

/** How long to leave a provider alone that was busy or refused for the account: longer each time. */
function homeWait({ d, c, policy }: Look): Ms {
  const pause = policy.fallbackAfter === null ? c.pause : Math.min(c.pause, URGENT);
  const refusals = d.attempts.filter((a) => a.claim.role !== 'fallback' && a.outcome === 'refused');
  return refusalWait(refusals.length, pause);
}
