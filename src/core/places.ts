import { CLASSES, type MessageClass } from './message-class.ts';

/**
 * Whose turn each of ten places is: of notices twice, of bulk once. Whoever has nothing that waits gives the place to the most
 * urgent mail that does. So a stream of access mail without end does not keep the others for ever.
 */
const TURNS = [
  'access',
  'access',
  'notice',
  'access',
  'access',
  'bulk',
  'access',
  'notice',
  'access',
  'access',
] as const;

/** Puts what waits for places into the order in which it gets them; `turn` counts the places that were given away before. */
export function inTurn<T>(all: readonly T[], classOf: (one: T) => MessageClass, turn: number): T[] {
  const waiting = new Map(CLASSES.map((name) => [name, all.filter((one) => classOf(one) === name)]));
  const mostUrgent = () => [...waiting.values()].find((some) => some.length > 0);
  return all.flatMap((_, n) => {
    const own = waiting.get(TURNS[(turn + n) % TURNS.length] ?? 'access');
    const next = own?.length ? own : mostUrgent();
    return next?.splice(0, 1) ?? [];
  });
}
