import { MINUTE, type Ms } from '../time.ts';
import { elsewhereFrom, holdOf, leastRefused, toOther } from './elsewhere.ts';
import type { Action, Look } from './world.ts';

/** How soon it is noticed that the mail may leave by a way that was not there before. Whoever releases a hold tells of it. */
const HELD_LOOK: Ms = 10 * MINUTE;

/**
 * What is done in place of a hand-over that is held back; null when nobody does. Mail waits, and its useful life
 * goes on meanwhile. What its class would send through another provider by now leaves through that one, if it is not held
 * as well.
 */
export function heldBack(look: Look, action: Action): Action | null {
  if (action.do !== 'handOver') return null;
  const { c, d, now } = look;
  const held = holdOf(c, action.provider);
  if (!held) return null;
  const from = held.leaveFrom === undefined ? elsewhereFrom(look) : mayLeave(look) ? held.leaveFrom : null;
  const other = leastRefused(look);
  if (from !== null && now >= from && other && c.hasBody && !holdOf(c, other.name))
    return toOther(other, held.why ?? 'provider_held', action.double);
  const moments = [held.until, d.usefulUntil, from, now + HELD_LOOK];
  return { do: 'wait', until: Math.min(...moments.filter((at): at is Ms => at !== null && at > now)), isHeld: true };
}

const mayLeave = ({ d, policy }: Look): boolean => policy.fallback && d.fallbackTries === 0;
