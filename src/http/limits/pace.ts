/** Does something in a later turn of the event loop, a few things a turn, in the order in which they were asked for. */
export type Pace = (go: () => void) => void;

/**
 * All share one thread. Where hundreds of connections have more to read than anybody needs at once, a turn in which all of
 * them are read takes seconds, and who has a small thing to say waits for its end.
 */
export function createPace(mostInATurn: number): Pace {
  const waiting: (() => void)[] = [];
  let isWaiting = false;

  function turn(): void {
    for (const go of waiting.splice(0, mostInATurn)) go();
    isWaiting = waiting.length > 0;
    if (isWaiting) setImmediate(turn);
  }

  return (go) => {
    waiting.push(go);
    if (!isWaiting) setImmediate(turn);
    isWaiting = true;
  };
}
