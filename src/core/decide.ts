import type { Refusal } from './answer.ts';
import type { Attempt, Delivery, EndState, FactOf, Outcome } from './delivery.ts';
import { type Policy, waitAfter } from './policy.ts';
import { DAY, type Ms, SECOND } from './time.ts';

/** What the world looks like to a delivery that is due. */
export type Circumstances = {
  /** Who keeps the wait of a re-post for this domain. */
  schedule: 'mailgun' | 'local';
  /** When the provider forgets its stored copy; null when it does not say. */
  storageGoneAt: Ms | null;
  /** Do we hold a sealed copy of the message? */
  hasBody: boolean;
  /** Is there a secondary to fall back to? */
  hasSecondary: boolean;
  /** The provider's bounce list bars the address, and the entry may not be removed. */
  bounceListed: boolean;
  /** The address is on our own suppression list. */
  suppressed: boolean;
  /** What the last failure was about is for the sender to mend, and was last reported for the sending domain then. */
  faultAt: Ms | null;
  /** Known from events alone: the provider must confirm the recipient before anything is sent to it. */
  adopted: boolean;
  /** How long the provider's records of a moment stay incomplete. */
  eventsSettle: Ms;
  /** How long to wait before the provider is asked, or a busy route is tried, again. */
  pause: Ms;
  /** How long a provider that can't be asked keeps a retry waiting. */
  askPatience: Ms;
};

/** What to do with a due delivery. */
export type Action =
  | { do: 'presumeUnanswered' }
  | { do: 'ask'; about: Outcome }
  | { do: 'hold'; about: Outcome; until: Ms; why: string }
  | {
      do: 'handOver';
      route: 'send' | 'repost' | 'mime' | 'secondary';
      deliverAt: Ms | null;
      /** Take the address off the provider's bounce list first, if this very failure put it there. */
      unsuppress: boolean;
      double: string | null;
      why: string;
    }
  | { do: 'end'; state: EndState; reason: string };

/** Mailgun keeps scheduled mail for 3 days on the smallest plans: longer waits stay here. */
const HORIZON: Ms = 3 * DAY;

/** The one place that decides. Pure: the same delivery, circumstances and time give the same action. */
export function decide(id: string, d: Delivery, policy: Policy, c: Circumstances, now: Ms): Action {
  const action = nextAction(id, d, policy, c, now);
  return action.do === 'handOver' ? (barred(d, c) ?? action) : action;
}

/** What must not be sent by us, whatever led there and by whatever route. */
function barred(d: Delivery, c: Circumstances): Action | null {
  if (c.suppressed) return { do: 'end', state: 'failed', reason: 'suppressed' };
  const cause = d.attempts.at(-1)?.failure?.verdict?.cause;
  // An operator who opens it again says that it is mended, until the same failure is reported once more.
  const believedMendedAt = d.reopened?.at ?? 0;
  if (cause === undefined || c.faultAt === null || c.faultAt <= believedMendedAt) return null;
  return { do: 'end', state: 'failed', reason: cause };
}

function nextAction(id: string, d: Delivery, policy: Policy, c: Circumstances, now: Ms): Action {
  const last = d.attempts.at(-1);
  const view = { id, d, policy, c, now };
  if (!last) return firstSend(view);
  if (d.reopened) return whenReopened(view, last, d.reopened.at);
  switch (last.outcome) {
    case 'sending':
      return { do: 'presumeUnanswered' };
    case 'unconfirmed':
      return last.claim.route === 'secondary' ? afterSecondary(view, last) : whenUnconfirmed(view, last);
    case 'accepted':
    case 'deferred':
      return whenSilent(view, last);
    case 'refused':
      return last.claim.route === 'secondary' ? afterSecondary(view, last) : afterRefusal(view, last);
    case 'failed':
      return afterFailure(view, last);
    case 'arrived':
      throw new Error(`delivery ${id} has arrived and is never due`);
  }
}

type View = { id: string; d: Delivery; policy: Policy; c: Circumstances; now: Ms };

function firstSend({ d, c, now }: View): Action {
  if (now >= d.usefulUntil) return { do: 'end', state: 'expired', reason: 'useful_life_over' };
  if (!c.hasBody) return { do: 'end', state: 'abandoned', reason: 'nothing_to_send' };
  return { do: 'handOver', route: 'send', deliverAt: null, unsuppress: false, double: null, why: 'first send' };
}

/** An operator wants it sent: as soon as may be, but not blindly. */
function whenReopened(view: View, last: Attempt, openedAt: Ms): Action {
  const { d, now } = view;
  if (now >= d.usefulUntil) return { do: 'end', state: 'expired', reason: 'useful_life_over' };
  if (last.outcome === 'sending') {
    const { leaseUntil } = last.claim;
    if (now >= leaseUntil) return { do: 'presumeUnanswered' };
    return { do: 'hold', about: 'sending', until: leaseUntil, why: 'the hand-over before it is still in flight' };
  }
  const question = askFirst(view, last, openedAt);
  if (question) return question;
  const { failure } = last;
  return nextStep(view, { last, failure, from: openedAt, double: doubleOf(last), why: 'reopened', at: 'once' });
}

const MAY_BE_OUT = 'the hand-over before it got no answer and may have gone out';

/**
 * The provider's settled records say nothing of it. Of a re-post they can't: it may have got an id that we never learnt,
 * without our variable.
 */
function neverThere({ asked, claim }: Attempt): boolean {
  return claim.route !== 'repost' && asked !== null && asked.problem === null && asked.settled && !asked.known;
}

/** Why one more attempt may be a double, if it may. */
function doubleOf(last: Attempt): string | null {
  switch (last.outcome) {
    case 'failed':
    case 'refused':
      return null;
    case 'unconfirmed':
      return neverThere(last) ? null : MAY_BE_OUT;
    case 'arrived':
      return 'the attempt before it arrived';
    default:
      return 'the provider accepted the attempt before it';
  }
}

function afterFailure(view: View, last: Attempt): Action {
  const { d, c, now } = view;
  const failure = last.failure;
  if (!failure) throw new Error(`attempt ${last.number} of ${view.id} failed without a failure`);
  if (view.policy.watch) return { do: 'end', state: 'failed', reason: failure.verdict?.cause ?? 'failed' };
  if (now >= d.usefulUntil) return { do: 'end', state: 'expired', reason: 'useful_life_over' };
  const question = askFirst(view, last, failure.at);
  if (question) return question;
  const why = failure.verdict?.cause ?? 'failed';
  // What is said of the content holds from every address of the pool: without a secondary that is the end. A refusal
  // that says nothing may as well be about the address.
  const elsewhere = c.hasSecondary && view.policy.fallback;
  if (failure.plan === 'switch' && (elsewhere || why !== 'policy_block')) return fallBack(view, why, null);
  return nextStep(view, { last, failure, from: failure.at, double: null, why, at: 'schedule' });
}

function afterRefusal(view: View, last: Attempt): Action {
  const { d, c, now } = view;
  if (last.answer?.kind !== 'refused') throw new Error(`attempt ${last.number} of ${view.id} was not refused`);
  const { why, at, retryAfter } = last.answer;
  // The application was told so by its own call, and has the message; we have not.
  if (last.claim.route === 'application') return { do: 'end', state: 'failed', reason: `refused_${why}` };
  if (now >= d.usefulUntil) return { do: 'end', state: 'expired', reason: 'useful_life_over' };
  const unread = unreadStorage(why);
  if (unread && c.hasBody) return handOver('mime', later(last.claim.deliverAt, now), 'the stored copy can not be had');
  // A secondary would be sent the same stored copy.
  if (unread === 'storage_refused') return nothingLeft(view, unread);
  if (unread) return fallBack(view, unread, null);
  if (why === 'invalid' && last.claim.route === 'send')
    return { do: 'end', state: 'failed', reason: 'refused_invalid' };
  if (why === 'invalid') return fallBack(view, 'refused_invalid', null);
  const until = at + Math.max(retryAfter ?? 0, routeWait(view));
  const late = tooLate(view, until);
  if (!late && !last.held && until > now) return { do: 'hold', about: 'refused', until, why: `refused_${why}` };
  const failure = d.attempts.findLast((a) => a.failure)?.failure ?? null;
  const question = d.tries > 0 ? askFirst(view, last, failure?.at ?? at) : null;
  if (question) return question;
  if (late) return fallBack(view, `refused_${why}`, null);
  const when = failure ? 'schedule' : 'once';
  return nextStep(view, { last, failure, from: failure?.at ?? at, double: null, why: `refused_${why}`, at: when });
}

/** The reason that a delivery ends for when it was to go out from a stored copy that can't be had. */
function unreadStorage(why: Refusal | undefined): 'storage_gone' | 'storage_refused' | null {
  if (why === 'gone') return 'storage_gone';
  return why === 'storage_refused' ? why : null;
}

const later = (at: Ms | null, now: Ms): Ms | null => (at !== null && at > now ? at : null);

/** A route that refuses for want of room or rights is left alone for longer each time, 32 pauses at most. */
function routeWait({ d, c }: View): Ms {
  const refusals = d.attempts.filter((a) => a.outcome === 'refused').length;
  return c.pause * Math.min(2 ** (refusals - 1), 32);
}

/**
 * A delivered webhook that got lost is not repeated by Mailgun: ask before each retry and each fallback. `since` is when
 * the reason for it came about.
 */
function askFirst(view: View, last: Attempt, since: Ms): Action | null {
  const { c, now, d } = view;
  const due = last.held?.until ?? 0;
  const asked = last.asked;
  if (!asked || asked.at < due) return { do: 'ask', about: last.outcome };
  if (asked.problem === null) return null;
  // The question is a precaution here: it may delay the next attempt, not stop it.
  const patient = Math.min(c.askPatience, view.policy.fallbackAfter ?? c.askPatience);
  if (now >= Math.min(since + patient, d.usefulUntil)) return null;
  return {
    do: 'hold',
    about: last.outcome,
    until: now + c.pause,
    why: `the provider could not be asked: ${asked.problem}`,
  };
}

/** "No answer" is not "no": look it up, and believe "not found" only when the provider's records have settled. */
function whenUnconfirmed(view: View, last: Attempt): Action {
  const { d, policy, c, now } = view;
  const lostAt = last.unanswered?.at ?? last.claim.at;
  const asked = last.asked;
  if (!asked || asked.at < (last.held?.until ?? 0)) return { do: 'ask', about: 'unconfirmed' };
  const settled = asked.problem === null && asked.settled;
  const patienceOver = policy.patience !== null && now >= lostAt + policy.patience;
  if (now >= d.usefulUntil) return { do: 'end', state: 'expired', reason: 'unconfirmed' };
  if (!settled && !patienceOver) {
    const turns = [d.usefulUntil, lostAt + c.eventsSettle, lostAt + (policy.patience ?? 0)].filter((at) => at > now);
    const until = Math.min(now + Math.max(c.pause, (now - lostAt) / 2), ...turns);
    return { do: 'hold', about: 'unconfirmed', until, why: 'the provider does not know it yet' };
  }
  const double = neverThere(last) ? null : MAY_BE_OUT;
  return nextStep(view, { last, failure: null, from: lostAt, double, why: 'never_reached_provider', at: 'once' });
}

/** Accepted or deferred, and nothing heard for too long. Only the silent accepted are sent again: a deferred one is being retried. */
function whenSilent(view: View, last: Attempt): Action {
  const { d, policy, now } = view;
  const asked = last.asked;
  if (!asked || asked.at < (last.held?.until ?? 0)) return { do: 'ask', about: last.outcome };
  const over = now >= d.usefulUntil;
  if (over) return { do: 'end', state: 'expired', reason: `silent_${last.outcome}` };
  if (asked.problem !== null) {
    const until = Math.min(d.usefulUntil, now + longerWait(last, view.c.pause));
    return { do: 'hold', about: last.outcome, until, why: `the provider could not be asked: ${asked.problem}` };
  }
  if (last.outcome === 'deferred' || policy.watch) {
    const until = Math.min(d.usefulUntil, now + policy.silenceAfter);
    return { do: 'hold', about: last.outcome, until, why: 'the provider has it and says nothing more' };
  }
  const double = 'the provider accepted the attempt before it and never told what became of it';
  return nextStep(view, { last, failure: null, from: last.claim.at, double, why: 'silence', at: 'once' });
}

/** Twice the wait before, 32 pauses at most: every question is a fact, and a provider may be away for hours. */
function longerWait({ held }: Attempt, pause: Ms): Ms {
  return Math.min(Math.max(pause, held ? 2 * (held.until - held.at) : 0), 32 * pause);
}

type Next = {
  last: Attempt;
  /** The failure that calls for it, if there was one. */
  failure: FactOf<'reported'> | null;
  /** The moment that the wait is counted from. */
  from: Ms;
  double: string | null;
  why: string;
  /** By the schedule, or as soon as may be (the wait is over already). */
  at: 'schedule' | 'once';
};

/** One more try through Mailgun when there is one left and it comes in time, else the fallback. */
function nextStep(view: View, next: Next): Action {
  const { id, d, policy, c, now } = view;
  if (c.adopted && !next.last.asked?.known) return { do: 'end', state: 'failed', reason: 'not_confirmed' };
  if (c.bounceListed) return fallBack(view, 'bounce_listed', next.double);
  const route = c.hasBody && d.storages.length === 0 ? firstRoute(d) : 'repost';
  if (d.tries >= d.budget || (route === 'repost' && d.storages.length === 0))
    return fallBack(view, next.why, next.double);
  const plan = next.failure?.plan;
  const wait = next.at === 'once' ? 0 : waitAfter(id, d.tries + (plan === 'wait' ? 1 : 0), policy);
  const dueAt = Math.max(next.from + wait, now);
  if (tooLate(view, dueAt)) return fallBack(view, next.why, next.double);
  const wanted = { unsuppress: plan === 'retry', double: next.double, why: next.why };
  if (dueAt <= now) return { do: 'handOver', route, deliverAt: null, ...wanted };
  const there = policy.mayHandOverWait && c.schedule === 'mailgun' && route === 'repost' && dueAt - now < HORIZON;
  if (there) return { do: 'handOver', route, deliverAt: wholeSecond(dueAt), ...wanted };
  return { do: 'hold', about: next.last.outcome, until: dueAt, why: next.why };
}

const firstRoute = (d: Delivery): 'send' | 'mime' => (d.tries === 0 ? 'send' : 'mime');

/** RFC 2822 dates, the form of `o:deliverytime`, have whole seconds. */
const wholeSecond = (at: Ms): Ms => Math.round(at / SECOND) * SECOND;

/** Would a try at that time come after its use, after the patience of its class, or after the stored copy is gone? */
function tooLate({ d, policy, c }: View, dueAt: Ms): boolean {
  const born = d.usefulUntil - policy.usefulLife;
  if (dueAt > d.usefulUntil) return true;
  const elsewhere = c.hasSecondary && policy.fallback && d.fallbackTries === 0;
  if (policy.fallbackAfter !== null && dueAt > born + policy.fallbackAfter && elsewhere) return true;
  return c.storageGoneAt !== null && !c.hasBody && dueAt >= c.storageGoneAt;
}

const handOver = (
  route: 'mime' | 'secondary',
  deliverAt: Ms | null,
  why: string,
  double: string | null = null,
): Action => ({
  do: 'handOver',
  route,
  deliverAt,
  unsuppress: false,
  double,
  why,
});

/** The secondary, when there is one, the class uses it, and there is something to send; else the end. */
function fallBack(view: View, why: string, double: string | null): Action {
  const { d, policy, c } = view;
  if (c.adopted && !d.attempts.at(-1)?.asked?.known) return { do: 'end', state: 'failed', reason: 'not_confirmed' };
  const copy = c.hasBody || d.storages.length > 0;
  if (policy.fallback && c.hasSecondary && copy && d.fallbackTries === 0)
    return handOver('secondary', null, why, double);
  return nothingLeft(view, why);
}

/** A 4xx of the secondary, and its silence, are tried again on the same schedule; a 5xx is final. */
function afterSecondary(view: View, last: Attempt): Action {
  const { id, d, policy, c, now } = view;
  const refusal = last.answer?.kind === 'refused' ? last.answer : null;
  if (refusal?.why === 'permanent' || refusal?.why === 'invalid') return nothingLeft(view, 'secondary_refused');
  const unread = unreadStorage(refusal?.why);
  if (unread) return nothingLeft(view, unread);
  const left = c.hasSecondary && policy.fallback && d.fallbackTries < policy.maxAttempts;
  if (!left) return nothingLeft(view, 'secondary_exhausted');
  const from = refusal?.at ?? last.unanswered?.at ?? last.claim.at;
  const route = refusal?.why === 'busy' || refusal?.why === 'account';
  const wait = route ? routeWait(view) : waitAfter(id, d.fallbackTries, policy);
  const dueAt = from + wait;
  if (dueAt > d.usefulUntil || now >= d.usefulUntil) return nothingLeft(view, 'useful_life_over');
  if (now < dueAt) return { do: 'hold', about: last.outcome, until: dueAt, why: 'the secondary did not take it' };
  if (!last.asked || last.asked.at < dueAt) return { do: 'ask', about: last.outcome };
  const double = refusal ? null : 'the secondary gave no answer and may have sent it';
  return handOver('secondary', null, 'fallback again', double);
}

function nothingLeft({ policy, d, now }: View, why: string): Action {
  const state = policy.atEnd === 'expired' && now >= d.usefulUntil ? 'expired' : 'abandoned';
  return { do: 'end', state, reason: why };
}
