import { type Clock, MINUTE, type Ms } from '../core/time.ts';
import type { Log } from './log.ts';
import type { Times } from './times.ts';
import { sleep } from './wait.ts';

/** Lets one part of the program tell a waiting loop that there is work. A wake between two waits is not lost. */
export type Bell = { ring(): void; wait(ms: Ms, signal: AbortSignal): Promise<void> };

export function createBell(): Bell {
  let rung = false;
  let waiting: (() => void) | null = null;
  return {
    ring() {
      rung = true;
      waiting?.();
    },
    async wait(ms, signal) {
      if (!rung && !signal.aborted) {
        const woken = new AbortController();
        waiting = () => woken.abort();
        // AbortSignal.any would leak a little memory at each wait, because this signal lives as long as the process.
        signal.addEventListener('abort', waiting);
        await sleep(ms, woken.signal);
        signal.removeEventListener('abort', waiting);
        waiting = null;
      }
      rung = false;
    },
  };
}

/**
 * Runs a step over and over: at once while it finds work, else after `pause` or when the bell rings. A step that fails is
 * logged and tried again after the pause. Ends when the signal is aborted, after the step that is under way.
 */
export async function every(
  name: string,
  step: () => Promise<number>,
  { pause, bell = createBell(), signal, log }: { pause: Ms; bell?: Bell; signal: AbortSignal; log: Log },
): Promise<void> {
  while (!signal.aborted) {
    const handled = (await tried(name, step, log)) ?? 0;
    if (handled === 0) await bell.wait(pause, signal);
    // SQLite answers synchronously: without this, a step that always finds work would keep everything else from
    // running.
    else await new Promise(setImmediate);
  }
}

/**
 * Runs a step at certain times, and never twice at once: a time that comes while it runs is left out. A step that fails is
 * logged, and runs again at the next time. Ends when the signal is aborted, after the step that is under way.
 */
export async function atTimes(
  name: string,
  step: () => Promise<unknown>,
  { times, now, signal, log }: { times: Pick<Times, 'next'>; now: Clock; signal: AbortSignal; log: Log },
): Promise<void> {
  while (!signal.aborted) {
    await dueTime(times, now, signal);
    if (signal.aborted) return;
    await tried(name, step, log);
  }
}

/** Runs a step once. One that fails is logged, and answers nothing. */
export async function tried<T>(name: string, step: () => Promise<T>, log: Log): Promise<T | undefined> {
  try {
    return await step();
  } catch (error) {
    log.error({ step: name, error }, 'a step failed and will be tried again');
    return undefined;
  }
}

/** Looks at the clock in between: when it is set back, the next time is sooner than it was. */
async function dueTime(times: Pick<Times, 'next'>, now: Clock, signal: AbortSignal): Promise<void> {
  for (let due = times.next(); now() < due && !signal.aborted; due = Math.min(due, times.next()))
    await sleep(Math.min(due - now(), MINUTE), signal);
}
