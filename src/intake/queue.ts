import { gather } from '../base/gather.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { isDatabaseTrouble } from '../store/db/trouble.ts';
import { type Enqueued, enqueue, enqueueTogether, type ToQueue } from '../store/messages/enqueue.ts';
import type { Prepared } from './draft.ts';

/** Stores a message for the daemon to send, all or nothing. */
export type Queue = (prepared: Prepared, now: Ms) => Promise<Enqueued>;

/** So many messages in one commit. */
const MOST = 32;

/**
 * Messages that come at the same time go into one commit. On a server one with a key may wait there for another of that key:
 * it gets a commit of its own, so that nobody waits with it.
 */
export function createQueue(store: Store): Queue {
  const alone: Queue = ({ draft, call }, now) => enqueue(store, draft, call, now);
  const joined = together(store, alone);
  const mayWait = ({ draft, call }: Prepared) => store.kind === 'mysql' && (call !== null || draft.key !== null);
  return (prepared, now) => (mayWait(prepared) ? alone : joined)(prepared, now);
}

type Waiting = ToQueue & { made: Enqueued | null };

function together(store: Store, alone: Queue): Queue {
  const write = async (all: readonly Waiting[]) => {
    const made = await enqueueTogether(store, all);
    all.forEach((one, n) => {
      one.made = made[n] ?? null;
    });
  };
  const add = gather<Waiting>(write, MOST, { atOnce: !store.isSynchronous });
  return async (prepared, now) => {
    const one: Waiting = { ...prepared, now, made: null };
    await add(one).catch((error: unknown) => {
      if (isDatabaseTrouble(error)) throw error;
    });
    // One that is refused must not take the others with it.
    return one.made ?? alone(prepared, now);
  };
}
