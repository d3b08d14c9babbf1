/** Does something in a later turn of the event loop, a few things a turn, in the order in which they were asked for. */
export type Pace = (go: () => void) => void;

/**
 * How many turns those who are at it wait for newcomers. One connection is accepted in a turn; where turns are long, the
 * system's queue of new connections runs over, and who is dropped from it tries again only after seconds.
 */
const TURNS_FOR_NEWCOMERS = 16;

let newcomers = 0;

/** Tells all paces that a connection has come: more of them are likely. */
export function tellOfNewcomer(): void {
  newcomers++;
}

/**
 * All share one thread. Where hundreds of connections have more to read than anybody needs at once, a turn in which all of
 * them are read takes seconds, and who has a small thing to say waits for its end.
 */
export function createPace(mostInATurn: number): Pace {
  const waiting: (() => void)[] = [];
  let isWaiting = false;
  let greeted = newcomers;
  let waited = 0;

  function turn(): void {
    if (newcomers > greeted && waited < TURNS_FOR_NEWCOMERS) waited++;
    else {
      waited = 0;
      for (const go of waiting.splice(0, mostInATurn)) go();
    }
    greeted = newcomers;
    isWaiting = waiting.length > 0;
    if (isWaiting) setImmediate(turn);
  }

  return (go) => {
    waiting.push(go);
    if (isWaiting) return;
    isWaiting = true;
    greeted = newcomers;
    setImmediate(turn);
  };
}
