import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { SECOND } from '../core/time.ts';
import type { Sample } from './tally.ts';

export type ThreadName = 'answers' | 'work';

const NANOSECONDS = 1e9;
/** How often the clock of the loop ticks, in milliseconds: what is late is late by more than that. */
const RESOLUTION = 20;

/** How this thread is doing. What is told of its loop is of the time since it was asked before. */
export function watchThread(thread: ThreadName): () => Sample[] {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();
  return () => {
    const late = (of: string, nanoseconds: number): Sample => ({
      ...{ name: 'event_loop_delay_seconds', labels: [thread, of] },
      value: Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION / SECOND) : 0,
    });
    const samples = [late('mean', delay.mean), late('p99', delay.percentile(99)), late('max', delay.max)];
    delay.reset();
    const heap: Sample = { name: 'heap_bytes', labels: [thread], value: getHeapStatistics().used_heap_size };
    return [...samples, heap];
  };
}

/** How the process as a whole is doing. */
export function processNow(): Sample[] {
  const { user, system } = process.cpuUsage();
  return [
    { name: 'resident_bytes', labels: [], value: process.memoryUsage.rss() },
    { name: 'cpu_seconds_total', labels: [], value: (user + system) / 1e6 },
  ];
}
