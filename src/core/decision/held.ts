import { type Ms, SECOND } from '../time.ts';
import { elsewhereFrom, leastRefused, toOther } from './elsewhere.ts';
import type { Action, Circumstances, Held, Look } from './world.ts';

/** How soon it is noticed that a hold was released, or that the mail may leave by another way. */
export const HELD_LOOK: Ms = 30 * SECOND;

/**
 * What is done in place of a hand-over that an operator holds back; null when nobody does. Mail waits, and its useful life
 * goes on meanwhile. What its class would send through another provider by now leaves through that one, if it is not held
 * as well.
 */
export function heldBack(look: Look, action: Action): Action | null {
  if (action.do !== 'handOver') return null;
  const { c, d, now } = look;
  const held = holdOf(c, action.provider);
  if (!held) return null;
  const from = elsewhereFrom(look);
  const other = leastRefused(look);
  if (from !== null && now >= from && other && c.hasBody && !holdOf(c, other.name))
    return toOther(other, 'provider_held', action.double);
  const moments = [held.until, d.usefulUntil, from, now + HELD_LOOK];
  return { do: 'wait', until: Math.min(...moments.filter((at): at is Ms => at !== null && at > now)) };
}

const holdOf = ({ held }: Circumstances, name: string): Held | undefined =>
  held?.find(({ provider }) => provider === null || provider === name);
