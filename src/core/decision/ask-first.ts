import { listing } from '../bounce-list.ts';
import { type Attempt, freshAnswer } from '../delivery.ts';
import { waitAfter } from '../policy.ts';
import { type Ms, SECOND } from '../time.ts';
import { elsewhereFrom, fallBack } from './elsewhere.ts';
import type { Action, Circumstances, HandOver, Look } from './world.ts';

/** A fallback leaves within two seconds of its time: an answer gets one of them, the next look at what is due the other. */
const GLANCE: Ms = SECOND;

/**
 * Mailgun does not repeat a `delivered` webhook that got lost. So the provider is asked before each retry and each
 * fallback, while there is time for it: that may delay the step, and never stop it. `since` is when the reason for the
 * step arose. Null when the step may be taken.
 */
export function askFirst(look: Look, last: Attempt, since: Ms, step: Action): Action | null {
  const { c, d, now, policy } = look;
  const offList = offListFirst(look, last, step);
  if (offList) return offList;
  const asked = freshAnswer(last);
  if (asked?.problem === null || c.askedInVain) return null;
  const from = Math.max(since, last.held?.until ?? 0, look.d.restoredAt ?? 0);
  const patience = Math.min(c.askPatience, policy.fallbackAfter ?? c.askPatience);
  if (asked && now >= from + patience) return null;
  const latest = Math.max(elsewhereFrom(look) ?? d.usefulUntil, now + glance(c));
  // The first question has all of that time, however late it is asked: after a standstill many are asked at once.
  const by = Math.min(asked ? Math.max(from + patience, now + c.pause) : now + patience, latest);
  const at = asked ? asked.at + longer(asked.at - from, c.pause) : now;
  return { do: 'ask', about: last.outcome, at, by, unsuppress: isRetry(step) && last.failure?.plan === 'retry' };
}

/** So long waits for an answer what would be done without one by now. */
export const glance = ({ pause }: Circumstances): Ms => Math.min(GLANCE, pause);

const isRetry = (step: Action): step is HandOver => step.do === 'handOver' && step.role === 'retry';

/** What comes before a retry to an address that may be on the provider's bounce list; null when nothing has to. */
export const offListFirst = (look: Look, last: Attempt, step: Action): Action | null =>
  isRetry(step) && listing(look.d) ? untilOffList(look, last, step) : null;

/**
 * What the provider would drop, because the address is on its bounce list, waits until the provider says that it is not:
 * no attempt is lost by it. When that takes too long, the mail goes another way or ends.
 */
function untilOffList(look: Look, last: Attempt, step: HandOver): Action {
  const { c, now } = look;
  const about = last.outcome;
  const asked = freshAnswer(last);
  const vain = asked !== null && asked.problem !== null ? asked : null;
  const since = vain ? (last.unheardFrom ?? vain.at) : now;
  const latest = offListBy(look, since);
  if ((vain || c.askedInVain) && now >= latest) return fallBack(look, 'bounce_list_unasked', step.double);
  if (c.askedInVain) return { do: 'presumeUnasked', about };
  const at = vain ? vain.at + longer(vain.at - since, c.pause) : now;
  const by = Math.max(Math.min(Math.max(at, now) + c.askPatience, latest), now + glance(c));
  return { do: 'ask', about, at, by, unsuppress: true };
}

/** It waits no longer than the attempts that are left would have taken, and leaves in time for another way. */
function offListBy(look: Look, since: Ms): Ms {
  const { id, d, policy, c } = look;
  const waits = Array.from({ length: d.budget - d.tries }, (_, n) => waitAfter(id, d.tries + n, policy));
  const patience = Math.max(
    c.askPatience,
    waits.reduce((sum, wait) => sum + wait, 0),
  );
  const copyGoneAt = c.hasBody ? null : c.storageGoneAt;
  const lastAt = Math.min(d.usefulUntil, copyGoneAt ?? d.usefulUntil) - c.pause;
  return Math.min(since + patience, lastAt, elsewhereFrom(look) ?? lastAt);
}

/**
 * How long to wait between two questions: half of the time that has passed, within bounds. Every question is stored as
 * a fact, and a provider may be away for hours.
 */
export const longer = (gone: Ms, pause: Ms): Ms => Math.min(Math.max(pause, Math.round(gone / 2)), 32 * pause);
