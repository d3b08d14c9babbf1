import { once } from 'node:events';
import { countedTogether } from '../base/counted-together.ts';
import type { Log } from '../base/log.ts';
import { startThread } from '../base/thread.ts';
import type { Config } from '../config/config.ts';
import type { Ms } from '../core/time.ts';
import type { Reading } from '../metrics/tally.ts';
import type { Listener, Work } from './work.ts';

export type ToWork = { wake: string } | { kept: number } | { measure: true } | { stop: true };
export type LogLine = { level: keyof Log; fields: [name: string, value: unknown][]; text: string };
export type FromWork = { heard: Ms } | { reconciled: Ms } | { measured: Reading } | { lines: readonly LogLine[] };

/**
 * Does the work in a thread of its own, so that no request waits for it. What goes wrong there without being caught ends
 * the process, as it would in this thread.
 */
export function workInThread(config: Config, log: Log, { heardTime, reconciled }: Listener, startedAt: Ms): Work {
  const thread = startThread(import.meta.url, 'work-thread', { config, startedAt });
  const ended = once(thread, 'exit');
  const waiting: ((reading: Reading) => void)[] = [];
  let isToldToStop = false;
  thread.on('message', (told: FromWork) => {
    if ('heard' in told) heardTime(told.heard);
    else if ('reconciled' in told) reconciled(told.reconciled);
    else if ('measured' in told) for (const answer of waiting.splice(0)) answer(told.measured);
    else
      for (const { level, fields, text } of told.lines)
        log[level](Object.fromEntries(fields.map(([name, value]) => [name, whole(value)])), text);
  });
  thread.on('error', (error) => {
    throw error;
  });
  thread.on('exit', () => {
    if (!isToldToStop) throw new Error('the thread that does the work has ended');
  });
  const tell = (what: ToWork) => thread.postMessage(what);
  return {
    wake: (job) => tell({ wake: job }),
    kept: countedTogether(BETWEEN, (count) => tell({ kept: count })),
    measured: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        tell({ measure: true });
      }),
    async stop() {
      isToldToStop = true;
      tell({ stop: true });
      await ended;
    },
  };
}

/** To wake the other thread for each commit of webhooks costs as much as a webhook. */
const BETWEEN: Ms = 20;

/** Errors come as what they hold. */
function whole(value: unknown): unknown {
  const error = (value as { error?: unknown } | null)?.error;
  return typeof error === 'object' ? Object.assign(new Error(), error) : value;
}
