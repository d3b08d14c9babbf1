// Events on their way to the endpoints of applications.
import { newId } from '../base/ids.ts';
import { type Ms, SECOND } from '../core/time.ts';
import type { Store } from './db/open.ts';
import { inOneStatement, transact } from './db/transact.ts';
import { type EventKey, type EventRow, eventColumns, eventOf, type KeptEvent, withKeys } from './events.ts';

/** An event that is to be posted now. `since`: from when on its tries count. */
export type Post = KeptEvent & { endpoint: string; since: Ms; tries: number; lease: string };

type Waiting = EventKey & { due_at: Ms };

/** Posts that are looked at for one that is claimed: some wait behind an earlier one of their delivery. */
const LOOKED_AT = 50;
/** What waits behind a post that is on its way is looked at again after this time, unless that is over before. */
const BEHIND: Ms = 5 * SECOND;

/**
 * Takes what is due for an endpoint, of each delivery only its first event that is not over; what comes after it is put off.
 * Whoever has claimed it has so long to say what came of it: after that others may post it again.
 */
export async function claimPosts(
  store: Store,
  endpoint: string,
  most: number,
  { now, lease: length }: { now: Ms; lease: Ms },
): Promise<Post[]> {
  const due: Waiting[] = await store
    .db('event_posts')
    .where({ endpoint })
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .limit(LOOKED_AT)
    .select('delivery_id', 'number', 'due_at');
  if (due.length === 0) return [];
  const { first, behind } = inOrder(due, await openOf(store, endpoint, due));
  await putOff(store, endpoint, behind, now);
  const lease = newId(now);
  const chosen = first.slice(0, most);
  if (chosen.length === 0) return [];
  await inOneStatement(store, (tx) =>
    withKeys(tx('event_posts'), chosen)
      .where({ endpoint })
      .where('due_at', '<=', now)
      .update({ lease, due_at: now + length }),
  );
  return claimedBy(store, endpoint, lease, chosen);
}

/** All posts of these deliveries that are not over. */
async function openOf({ db }: Store, endpoint: string, posts: readonly EventKey[]): Promise<Waiting[]> {
  return db('event_posts')
    .whereIn('delivery_id', [...new Set(posts.map((p) => p.delivery_id))])
    .where({ endpoint })
    .whereNotNull('due_at')
    .select('delivery_id', 'number', 'due_at');
}

function inOrder(due: readonly Waiting[], open: readonly Waiting[]) {
  const firsts = new Map<string, Waiting>();
  for (const post of open) {
    const known = firsts.get(post.delivery_id);
    if (!known || post.number < known.number) firsts.set(post.delivery_id, post);
  }
  const isFirst = (post: EventKey) => firsts.get(post.delivery_id)?.number === post.number;
  const behind = due.flatMap((post) => {
    const before = firsts.get(post.delivery_id);
    return before && !isFirst(post) ? [{ ...post, before }] : [];
  });
  return { first: due.filter(isFirst), behind };
}

async function putOff(
  store: Store,
  endpoint: string,
  behind: readonly (EventKey & { before: Waiting })[],
  now: Ms,
): Promise<void> {
  for (const { delivery_id, number, before } of behind) {
    const due_at = Math.max(before.due_at, now + BEHIND);
    await transact(store, async (tx) => {
      const mine = () => tx('event_posts').where({ delivery_id, endpoint });
      // It may be over by now, and then this one goes on.
      const first = mine().where({ number: before.number }).whereNotNull('due_at');
      if (await first.forUpdate().first('number'))
        await mine().where({ number }).where('due_at', '<=', now).update({ due_at });
    });
  }
}

type PostRow = EventRow & { endpoint: string; since: Ms; tries: number; lease: string };

async function claimedBy({ db }: Store, endpoint: string, lease: string, keys: readonly EventKey[]): Promise<Post[]> {
  const rows: PostRow[] = await db('event_posts as p')
    .join('events as e', (on) => on.on('e.delivery_id', 'p.delivery_id').on('e.number', 'p.number'))
    .join('deliveries as d', 'd.id', 'p.delivery_id')
    .join('messages as m', 'm.id', 'd.message_id')
    .whereIn(
      'p.delivery_id',
      keys.map((key) => key.delivery_id),
    )
    .where({ 'p.endpoint': endpoint, 'p.lease': lease })
    .select(...eventColumns, 'p.endpoint', 'p.since', 'p.tries', 'p.lease');
  return rows.map((row) => ({
    ...{ ...eventOf(row), endpoint: row.endpoint, since: row.since, tries: row.tries, lease: row.lease },
  }));
}

/** What came of a try. `againAt` is null where there is no other. */
export type Tried = { isDone: boolean; againAt: Ms | null; status: number | null; detail: string | null; took: Ms };

/** Writes down what came of a try, unless others have taken the post over; what waited behind it goes on when it is over. */
export async function settlePost(store: Store, post: Post, tried: Tried, now: Ms): Promise<void> {
  const { deliveryId: delivery_id, number, endpoint, lease } = post;
  await transact(store, async (tx) => {
    await tx('event_posts')
      .where({ delivery_id, number, endpoint, lease })
      .update({
        ...{ due_at: tried.againAt, lease: null, tries: post.tries + 1, tried_at: now, took: Math.round(tried.took) },
        ...{ status: tried.status, detail: tried.detail, done_at: tried.isDone ? now : null },
      });
    if (tried.againAt !== null) return;
    const later = tx('event_posts').where({ delivery_id, endpoint }).where('number', '>', number);
    await later.whereNull('lease').where('due_at', '>', now).update({ due_at: now });
  });
}

/** Gives posts back that were not tried. */
export async function releasePost(store: Store, post: Post, now: Ms): Promise<void> {
  const { deliveryId: delivery_id, number, endpoint, lease } = post;
  await inOneStatement(store, (tx) =>
    tx('event_posts').where({ delivery_id, number, endpoint, lease }).update({ lease: null, due_at: now }),
  );
}
