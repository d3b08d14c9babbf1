import { CLASSES, type MessageClass } from '../core/message-class.ts';
import type { Waiting } from '../core/queue.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from './db/open.ts';
import { PRIORITY } from './ledger/ledger.ts';

/** So many that left are looked at for the pace. */
const SEEN = 200;
const LEFT = ['accepted', 'deferred', 'delivered', 'relayed'];

/** What of each class waits to be handed over. Reads the backlog, and not the history. */
export async function waitingByClass(store: Store, now: Ms): Promise<Record<MessageClass, Waiting>> {
  const each = await Promise.all(CLASSES.map(async (name) => [name, await waitingOf(store, name, now)] as const));
  return Object.fromEntries(each) as Record<MessageClass, Waiting>;
}

async function waitingOf({ db }: Store, name: MessageClass, now: Ms): Promise<Waiting> {
  const queued = () => db('deliveries').where({ state: 'queued', class: name });
  const [all, due, oldest] = await Promise.all([
    queued().count({ n: '*' }).first(),
    db('due').where({ priority: PRIORITY[name] }).where('at', '<=', now).count({ n: '*' }).first(),
    queued().orderBy('message_at').first('message_at'),
  ]);
  const waiting = Number(all?.['n'] ?? 0);
  const since: Ms | null = oldest?.message_at ?? null;
  // Of what is looked at again only mail that waits could leave.
  const dueNow = Math.min(waiting, Number(due?.['n'] ?? 0));
  return { waiting, due: dueNow, since, left: since === null ? [] : await leftBefore(db, name, since) };
}

/** What was made before the oldest that waits, and has left: the newest of it left last. */
async function leftBefore(db: Store['db'], name: MessageClass, since: Ms): Promise<Ms[]> {
  const each = LEFT.map((state) =>
    db('deliveries')
      .where({ state, class: name })
      .where('message_at', '<=', since)
      .orderBy('message_at', 'desc')
      .limit(SEEN)
      .pluck('updated_at'),
  );
  return (await Promise.all(each)).flat().map(Number);
}
