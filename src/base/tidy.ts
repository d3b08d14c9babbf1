import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { type Ms, SECOND } from '../core/time.ts';
import { giveBack } from './give-back.ts';
import { inBackground } from './wait.ts';

/** How this thread has been since it was asked before. */
export type Thread = {
  /** The share of the time in which it was at work, from 0 to 1. */
  busy(): number;
  /** Bytes that its heap has of the machine. */
  heap(): number;
  collect(): void;
};

const EVERY: Ms = 10 * SECOND;
/** A thread that is busier has a use for its heap soon, and somebody may wait for it. */
const QUIET = 0.1;
/** Bytes: less is not worth the collection. */
const WORTH = 8 * 1024 * 1024;

/**
 * Gives back what the heap of a quiet thread has grown by. V8 collects when it needs room: what a start or a burst took
 * would stay with a thread that has nothing to do.
 */
export function createTidy({ busy, heap, collect }: Thread): () => void {
  let kept = 0;
  let isCollected = false;
  return () => {
    const share = busy();
    // Only the next look sees what was given back.
    if (isCollected) kept = heap();
    isCollected = share < QUIET && heap() > kept + WORTH;
    if (isCollected) collect();
  };
}

/** Looks after the heap of this thread, without keeping the process from ending. */
export function keepTidy(): void {
  let before = performance.eventLoopUtilization();
  const busy = () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
  const tidy = createTidy({ busy, heap: () => getHeapStatistics().total_heap_size, collect: () => giveBack('all') });
  const look = () => {
    tidy();
    inBackground(EVERY, look);
  };
  inBackground(EVERY, look);
}
