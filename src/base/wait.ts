import type { Ms } from '../core/time.ts';

/** Waits, or returns early when the signal is aborted. Never rejects. */
export function sleep(ms: Ms, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}

/** The result, or `otherwise` when it takes longer than `ms`. */
export function within<T, E>(work: Promise<T>, ms: Ms, otherwise: E): Promise<T | E> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(otherwise), Math.max(0, ms));
    work.then(
      (result) => {
        clearTimeout(timer);
        resolve(result);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

/** Calls it once after `ms`, without keeping the process alive for that. Returns a function that cancels it. */
export function inBackground(ms: Ms, call: () => void): () => void {
  const timer = setTimeout(call, ms);
  timer.unref();
  return () => clearTimeout(timer);
}

/** How long ago it was made, on the clock that never goes back. */
export function stopwatch(): () => Ms {
  const began = performance.now();
  return () => performance.now() - began;
}
