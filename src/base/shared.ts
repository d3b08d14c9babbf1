import type { Clock, Ms } from '../core/time.ts';

/** Computes the answer once for all who ask within `fresh` ms. A failure is not kept. */
export function sharedFor<T>(fresh: Ms, now: Clock, compute: () => Promise<T>): () => Promise<T> {
  let last: { at: Ms; answer: Promise<T> } | null = null;
  return async () => {
    const at = now();
    if (last && at >= last.at && at - last.at < fresh) return last.answer;
    const mine = { at, answer: compute() };
    last = mine;
    try {
      return await mine.answer;
    } catch (error) {
      if (last === mine) last = null;
      throw error;
    }
  };
}
