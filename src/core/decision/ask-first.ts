import type { Attempt } from '../delivery.ts';
import { type Ms, SECOND } from '../time.ts';
import { elsewhereFrom } from './elsewhere.ts';
import { type Action, type Circumstances, freshAnswer, type Look } from './world.ts';

/** A fallback leaves within two seconds of its time: an answer gets one of them, the next look at what is due the other. */
const GLANCE: Ms = SECOND;

/**
 * Mailgun does not repeat a `delivered` webhook that got lost. So the provider is asked before each retry and each
 * fallback, while there is time for it: that may delay the step, and never stop it. `since` is when the reason for the
 * step arose. Null when the step may be taken.
 */
export function askFirst(look: Look, last: Attempt, since: Ms, step: Action): Action | null {
  const { c, d, now, policy } = look;
  const asked = freshAnswer(last);
  if (asked?.problem === null || c.askedInVain) return null;
  const from = Math.max(since, last.held?.until ?? 0);
  const patience = Math.min(c.askPatience, policy.fallbackAfter ?? c.askPatience);
  if (asked && now >= from + patience) return null;
  const latest = Math.max(elsewhereFrom(look) ?? d.usefulUntil, now + glance(c));
  // The first question has all of that time, however late it is asked: after a standstill many are asked at once.
  const by = Math.min(asked ? Math.max(from + patience, now + c.pause) : now + patience, latest);
  const at = asked ? asked.at + longer(asked.at - from, c.pause) : now;
  return { do: 'ask', about: last.outcome, at, by, unsuppress: isRepost(last, step) };
}

/** So long waits for an answer what would be done without one by now. */
export const glance = ({ pause }: Circumstances): Ms => Math.min(GLANCE, pause);

/** Mailgun drops a re-post to an address on its bounce list, although it answers 200. */
function isRepost(last: Attempt, step: Action): boolean {
  return step.do === 'handOver' && step.way === 'stored' && last.failure?.plan === 'retry';
}

/**
 * How long to wait between two questions: half of the time that has passed, within bounds. Every question is stored as
 * a fact, and a provider may be away for hours.
 */
export const longer = (gone: Ms, pause: Ms): Ms => Math.min(Math.max(pause, Math.round(gone / 2)), 32 * pause);
