import { domainOf } from '../core/address.ts';
import { CLASSES } from '../core/message-class.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';

/** Of each class and state so many are looked at. */
const SEEN = 100;
const HEARD = ['delivered', 'deferred', 'failed', 'abandoned'] as const;

export type Unheard = { accepted: number; unheard: number; receivers: number };

/**
 * Of mail made between two moments that a provider accepted before the second one: how much of it nothing was heard of
 * since, and how many domains it went to. Mail that is to rest there for a while is left out, and so are re-posts, which wait.
 */
export async function unheardOf(store: Store, provider: string, { from, to }: { from: Ms; to: Ms }): Promise<Unheard> {
  const within = (state: string) =>
    CLASSES.map((name) => {
      const some = store.db('deliveries').where({ state, class: name, provider, attempt: 1 });
      return some.whereBetween('message_at', [from, to]).limit(SEEN);
    });
  const silent: { recipient: string; message_id: string }[] = (
    await Promise.all(
      within('accepted').map((some) => some.where('updated_at', '<=', to).select('recipient', 'message_id')),
    )
  ).flat();
  const heard = await Promise.all(HEARD.flatMap(within).map((some) => some.select('id')));
  const resting = await restingAmong(
    store,
    silent.map((row) => row.message_id),
  );
  const unheard = silent.filter((row) => !resting.has(row.message_id));
  return {
    accepted: unheard.length + heard.flat().length,
    unheard: unheard.length,
    receivers: new Set(unheard.map((row) => domainOf(row.recipient))).size,
  };
}

/** Messages that their sender wanted to be delivered at some time. */
async function restingAmong({ db }: Store, ids: readonly string[]): Promise<Set<string>> {
  const rows: string[] = await db('messages')
    .whereIn('id', [...new Set(ids)])
    .whereNotNull('deliver_at')
    .pluck('id');
  return new Set(rows);
}
