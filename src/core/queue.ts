import { MINUTE, type Ms, SECOND } from './time.ts';

/** What is known of the mail of one class that waits to be handed over. */
export type Waiting = {
  /** Deliveries that wait, those included whose time has not come. */
  waiting: number;
  /** Those of them that could leave now. */
  due: number;
  /** When the oldest of them was made; null when none waits. */
  since: Ms | null;
  /** When mail that was made before that left, the newest of it; up to a few hundred times. */
  left: readonly Ms[];
};

/** As the API and the command show it. */
export type QueueOfClass = {
  waiting: number;
  due: number;
  oldestSeconds: number | null;
  /** How long what is due takes at the pace of the last minutes; null when nothing has left in them. */
  clearSeconds: number | null;
};

/** The pace is that of so long. */
const LATELY: Ms = 5 * MINUTE;

export function queueOf({ waiting, due, since, left }: Waiting, now: Ms): QueueOfClass {
  const oldestSeconds = since === null ? null : Math.max(0, Math.round((now - since) / SECOND));
  return { waiting, due, oldestSeconds, clearSeconds: timeToClear(due, left, now) };
}

function timeToClear(due: number, left: readonly Ms[], now: Ms): number | null {
  if (due === 0) return 0;
  const lately = left.filter((at) => at > now - LATELY);
  if (lately.length === 0) return null;
  const span = Math.max(SECOND, now - Math.min(...lately));
  return Math.ceil((due * span) / lately.length / SECOND);
}
