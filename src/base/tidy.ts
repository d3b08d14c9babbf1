import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { type Ms, SECOND } from '../core/time.ts';
import { giveBack } from './give-back.ts';
import { inBackground } from './wait.ts';

/** How this thread has been since it was asked before. */
export type Thread = {
  /** The share of the time in which it was at work, from 0 to 1. */
  busy(): number;
  /** Bytes that its heap holds, garbage included. */
  heap(): number;
  collect(): void;
};

const EVERY: Ms = SECOND;
/** So many looks are one by which a thread is called quiet. */
const LOOKS = 10;
/** A thread that is busier has a use for its heap soon, and somebody may wait for it. */
const QUIET = 0.1;
/** Bytes: less is not worth the collection. */
const WORTH = 8 * 1024 * 1024;

/**
 * Gives back what the heap of a quiet thread has grown by. V8 collects when it needs room: what a start or a burst took
 * would stay with a thread that has nothing to do. Of a thread that nobody waits for, the heap may grow by no more than
 * `allowance` bytes, however busy it is: a batch lives long enough to be taken for what stays.
 */
export function createTidy({ busy, heap, collect }: Thread, allowance: number): () => void {
  let kept = 0;
  let isCollected = false;
  let looks = 0;
  return () => {
    // Only the next look sees what was given back.
    if (isCollected) kept = heap();
    looks = (looks + 1) % LOOKS;
    const isQuiet = looks === 0 && busy() < QUIET;
    isCollected = heap() > kept + (isQuiet ? WORTH : allowance);
    if (isCollected) collect();
  };
}

/** Looks after the heap of this thread, without keeping the process from ending. */
export function keepTidy(allowance = Number.POSITIVE_INFINITY): void {
  let before = performance.eventLoopUtilization();
  const busy = () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
  const heap = () => getHeapStatistics().used_heap_size;
  const tidy = createTidy({ busy, heap, collect: () => giveBack('all') }, allowance);
  const look = () => {
    tidy();
    inBackground(EVERY, look);
  };
  inBackground(EVERY, look);
}
