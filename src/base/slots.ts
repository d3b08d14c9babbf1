/** A limited number of places for work that is under way at once, counted by name. */
export type Slots = {
  free(name: string): number;
  /** Takes a place; false when there is none. */
  take(name: string): boolean;
  /** Gives back a place that was taken and not used. */
  leave(name: string): void;
  /** Begins work in a place that was taken. The place is free again when the work ends. The work must not reject. */
  begin(name: string, work: () => Promise<void>): void;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
};

/** `onFree` is called whenever a place becomes free. */
export function createSlots(most: (name: string) => number, onFree: () => void): Slots {
  const taken = new Map<string, number>();
  const underWay = new Set<Promise<void>>();
  const free = (name: string) => most(name) - (taken.get(name) ?? 0);
  const leave = (name: string) => void taken.set(name, (taken.get(name) ?? 1) - 1);
  return {
    free,
    leave,
    take(name) {
      if (free(name) <= 0) return false;
      taken.set(name, (taken.get(name) ?? 0) + 1);
      return true;
    },
    begin(name, work) {
      const ended = work().finally(() => {
        leave(name);
        underWay.delete(ended);
        onFree();
      });
      underWay.add(ended);
    },
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}
