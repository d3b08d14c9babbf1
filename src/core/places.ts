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
  const waiting = CLASSES.map((name) => all.filter((one) => classOf(one) === name));
  return all.flatMap((_, n) => {
    const own = waiting[CLASSES.indexOf(TURNS[(turn + n) % TURNS.length] ?? 'access')];
    return (own?.length ? own : waiting.find((some) => some.length > 0))?.shift() ?? [];
  });
}
