/** What is noted in passing, until somebody takes all of it. */
export type Heap<T> = {
  /** Leaves out what there is no room for: it must not matter much. */
  add(items: readonly T[]): void;
  take(): T[];
};

export function createHeap<T>(most: number): Heap<T> {
  let heap: T[] = [];
  return {
    add(items) {
      for (const item of items) {
        if (heap.length >= most) return;
        heap.push(item);
      }
    },
    take() {
      const all = heap;
      heap = [];
      return all;
    },
  };
}
