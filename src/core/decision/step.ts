import { type Attempt, type FactOf, freshAnswer } from '../delivery.ts';
import { waitAfter } from '../policy.ts';
import type { Reason } from '../reason.ts';
import { DAY, type Ms, SECOND } from '../time.ts';
import { elsewhereFrom, fallBack } from './elsewhere.ts';
import { type Action, end, type Look } from './world.ts';

/** Mailgun keeps scheduled mail for 3 days on the smallest plans: longer waits stay here. */
const HORIZON: Ms = 3 * DAY;

export type Next = {
  last: Attempt;
  /** The failure that calls for it, if there was one. */
  failure: FactOf<'reported'> | null;
  /** The moment that the wait is counted from. */
  from: Ms;
  double: string | null;
  why: Reason;
  /** `schedule`: after the usual wait; `once`: as soon as possible, because the wait is over. */
  at: 'schedule' | 'once';
};

/** One more try through the provider that had it first, if a try is left and comes in time; otherwise the fallback. */
export function nextStep(look: Look, next: Next): Action {
  const { d, c } = look;
  if (c.adopted && !next.last.asked?.known) return end('failed', 'not_confirmed');
  if (freshAnswer(next.last)?.listed === 'barred') return fallBack(look, 'bounce_listed', next.double);
  const [home] = c.candidates;
  const way = c.hasBody && d.storages.length === 0 ? 'whole' : 'stored';
  const hasCopy = way === 'whole' || d.storages.some(({ provider }) => provider === home?.name);
  if (!home || d.tries >= d.budget || !hasCopy) return fallBack(look, next.why, next.double);
  const dueAt = dueTime(look, next);
  if (tooLate(look, dueAt)) return fallBack(look, next.why, next.double);
  const role = d.tries === 0 && way === 'whole' ? 'first' : 'retry';
  const handOver = { do: 'handOver', provider: home.name, role, way, double: next.double, why: next.why } as const;
  if (dueAt <= look.now) return { ...handOver, deliverAt: null };
  const mayWaitThere = look.policy.mayHandOverWait && c.schedule === 'provider' && home.can.schedule;
  if (mayWaitThere && way === 'stored' && dueAt - look.now < HORIZON)
    return { ...handOver, deliverAt: wholeSecond(dueAt) };
  return { do: 'hold', about: next.last.outcome, until: dueAt, why: next.why };
}

function dueTime({ id, d, policy, now }: Look, next: Next): Ms {
  if (next.at === 'once') return Math.max(next.from, now);
  const wait = waitAfter(id, d.tries + (next.failure?.plan === 'wait' ? 1 : 0), policy);
  return Math.max(next.from + wait, now);
}

/** RFC 2822 dates, the form of `o:deliverytime`, have whole seconds. */
const wholeSecond = (at: Ms): Ms => Math.round(at / SECOND) * SECOND;

/**
 * Whether a try at that time would be too late: after the useful life, after the patience of the class, or after the
 * stored copy is gone.
 */
export function tooLate(look: Look, dueAt: Ms): boolean {
  const { d, c } = look;
  if (dueAt > d.usefulUntil || dueAt >= (elsewhereFrom(look) ?? Number.POSITIVE_INFINITY)) return true;
  return c.storageGoneAt !== null && !c.hasBody && dueAt >= c.storageGoneAt;
}
