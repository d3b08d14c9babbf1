import { type Ms, SECOND } from '../../core/time.ts';
import { counted, timeTaken } from '../../core/words/numbers.ts';
import type { Seen } from './seen.ts';
import { failed, notNeeded, passed, untold, type Verdict } from './verdict.ts';

/** What had waited leaves evenly: a second has no more of it than the drain allows, and half as much again. */
export function drain(seen: Seen): Verdict {
  if (seen.turns === null) return untold();
  if (!seen.turns.some(({ state }) => state === 'down'))
    return notNeeded('no mail was held back, as Mailgun was never sent away');
  const times = drainedAt(seen);
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined) return notNeeded('nothing waited for Mailgun when the fault ended');
  const most = mostWithin(times, SECOND);
  const allowed = 1.5 * seen.limits.drainRate + 2;
  const says = `${counted(times.length, 'mail')} that had waited left within ${timeTaken(last - first)}, ${most} in the fullest second`;
  return most <= allowed ? passed(says) : failed(`${says}; ${Math.floor(allowed)} are allowed`);
}

/** When mail arrived by Mailgun that was queued before the fault ended: access mail is not counted, as it may leave at once. */
export function drainedAt({ sent, arrivals, faultUntil }: Seen): Ms[] {
  if (faultUntil === null) return [];
  const waited = new Set(
    sent.flatMap(({ messageId, class: kind, at }) =>
      kind !== 'access' && at < faultUntil && messageId !== null ? [messageId] : [],
    ),
  );
  return arrivals
    .filter(({ messageId, by, at }) => by === 'mailgun' && at >= faultUntil && waited.has(messageId))
    .map(({ at }) => at)
    .sort((a, b) => a - b);
}

function mostWithin(times: readonly Ms[], length: Ms): number {
  let from = 0;
  let most = 0;
  for (const [n, at] of times.entries()) {
    while ((times[from] ?? at) <= at - length) from++;
    most = Math.max(most, n - from + 1);
  }
  return most;
}
