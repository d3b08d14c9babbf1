import { letGo } from '../base/let-go.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import type { Enqueued } from '../store/messages/enqueue.ts';
import type { Draft } from '../store/messages/messages.ts';
import type { QueueTerms } from './draft.ts';
import { createPrepare } from './prepare.ts';
import { createQueue } from './queue.ts';
import type { RawCall } from './read-call.ts';

/** What has become of a call: the message is durable, whether this call or an earlier one brought it. */
export type TakenIn = Enqueued & { draft: Draft };

/** Takes a message in, whichever way it came. Throws `AppError` for what is refused. */
export type TakeIn = (call: RawCall, now: Ms) => Promise<TakenIn>;

export function createTakeIn({ store, ...terms }: QueueTerms & { store: Store }): TakeIn {
  const prepare = createPrepare(terms);
  const queue = createQueue(store);
  return async (call, now) => {
    const prepared = await prepare(call, now);
    const taken = await queue(prepared, now);
    letGo(prepared.draft.body);
    return { ...taken, draft: prepared.draft };
  };
}
