import type { Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { rememberDomains } from '../store/messages/domains.ts';
import { type Enqueued, enqueue } from '../store/messages/messages.ts';
import type { Prepared } from './draft.ts';

/** Stores a message for the daemon to send, all or nothing. */
export async function queueMessage(store: Store, { draft, call }: Prepared, now: Ms): Promise<Enqueued> {
  await rememberDomains(store, [draft.domain]);
  return enqueue(store, draft, call, now);
}
