import { CLASSES, type MessageClass } from '../core/message-class.ts';
import type { Reason } from '../core/reason.ts';
import { DAY, MINUTE, type Ms } from '../core/time.ts';
import type { Flow } from '../core/timeliness.ts';
import type { Store } from './db/open.ts';
import { PRIORITY } from './ledger/ledger.ts';

/** Reasons of a delivery that waits because of its provider, and not because of its recipient. */
const PROVIDER: readonly Reason[] = ['refused_busy', 'refused_account', 'unanswered'];
/** The same reasons as earlier versions wrote them. Deliveries that have not moved since then still have them. */
const EARLIER = ['busy', 'account'];
/** Older mail that waits is for an administrator to look at; it says nothing about how mail flows now. */
const HELD_SINCE = 3 * DAY;
const LATELY = 15 * MINUTE;

/** How the mail of each class flows. Reads the backlog and the last minutes, not the history. */
export async function flowByClass(store: Store, now: Ms): Promise<Record<MessageClass, Flow>> {
  const held = await heldSince(store, now - HELD_SINCE);
  const flows = {} as Record<MessageClass, Flow>;
  for (const name of CLASSES) {
    const due = await oldestDue(store, name, now);
    const late = now - Math.min(now, due ?? now, held.get(name) ?? now);
    const backup = await hasRecent(store, name, ['relayed'], now - LATELY);
    const moving = late > 0 && (await hasRecent(store, name, ['accepted', 'delivered'], now - LATELY));
    flows[name] = { late, backup, moving };
  }
  return flows;
}

async function oldestDue(store: Store, name: MessageClass, now: Ms): Promise<Ms | null> {
  const mine = store.db('due').where({ priority: PRIORITY[name] });
  const row: { at: Ms } | undefined = await mine.where('at', '<=', now).orderBy('at').first('at');
  return row?.at ?? null;
}

/** For each class, when the oldest mail that waits for its provider was made. */
async function heldSince(store: Store, since: Ms): Promise<Map<MessageClass, Ms>> {
  const rows: { class: MessageClass; oldest: Ms }[] = await store
    .db('deliveries')
    .whereIn('state', ['queued', 'unconfirmed'])
    .where('created_at', '>=', since)
    .whereIn('reason', [...PROVIDER, ...EARLIER])
    .groupBy('class')
    .select('class')
    .min({ oldest: 'created_at' });
  return new Map(rows.map((r) => [r.class, Number(r.oldest)]));
}

/** By the time of their messages, which an index has by state and class: mail of other classes is not read. */
async function hasRecent(store: Store, name: MessageClass, states: string[], since: Ms): Promise<boolean> {
  const made = store.db('deliveries').whereIn('state', states).where({ class: name });
  return (await made.where('message_at', '>=', since).first('id')) !== undefined;
}
