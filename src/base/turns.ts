/** Lets some go on at a time, and the others after them in the order in which they came. */
export type Turns = {
  /** Resolves when it is the turn of the caller, with the function that ends it. */
  next(): Promise<() => void>;
};

export function createTurns(most: number): Turns {
  const waiting: (() => void)[] = [];
  let going = 0;

  function turn(): () => void {
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const next = waiting.shift();
      if (next) next();
      else going--;
    };
  }

  return {
    async next() {
      if (going < most) going++;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return turn();
    },
  };
}
