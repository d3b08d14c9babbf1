import { timeOf } from '../base/ids.ts';
import type { State } from '../core/delivery.ts';
import { CLASSES, type MessageClass } from '../core/message-class.ts';
import type { Reason } from '../core/reason.ts';
import { DAY, MINUTE, type Ms } from '../core/time.ts';
import type { Flow } from '../core/timeliness.ts';
import type { Store } from './db/open.ts';
import { DRAINING, HELD } from './ledger/due.ts';
import { PRIORITY } from './ledger/ledger.ts';
import { allWellSince, unwell } from './notes/health.ts';
import { activeHolds } from './notes/holds.ts';

/** Reasons of a delivery that waits because of its provider, and not because of its recipient. */
const PROVIDER: readonly Reason[] = ['refused_busy', 'refused_account', 'unanswered'];
/** The same reasons as earlier versions wrote them. Deliveries that have not moved since then still have them. */
const EARLIER = ['busy', 'account'];
/** Older mail that waits is for an administrator to look at; it says nothing about how mail flows now. */
const HELD_SINCE = 3 * DAY;
const LATELY = 15 * MINUTE;

/** When nothing went out through a secondary for so long, and newer mail took its usual way, that is over. */
const USUAL_FOR = MINUTE;

/** That mail left, or is to. What was given up, expired or was cancelled may never have left, and proves nothing of it. */
const FLOWING: readonly State[] = [
  'queued',
  'sending',
  'unconfirmed',
  'accepted',
  'deferred',
  'delivered',
  'relayed',
  'failed',
];

/** So many of the newest mails that arrived tell how long mail takes. */
const SAMPLE = 100;

/** How the mail of each class flows. Reads the backlog and the last minutes, not the history. */
export async function flowByClass(store: Store, now: Ms): Promise<Record<MessageClass, Flow>> {
  const [refused, wellSince] = await Promise.all([heldSince(store, now - HELD_SINCE), allWellSince(store)]);
  const each = CLASSES.map(async (name) => {
    const lateFrom = [await oldestDue(store, name, now), refused.get(name), await keptSince(store, name, now)];
    return [name, await flowOf(store, name, { lateFrom, wellSince }, now)] as const;
  });
  return Object.fromEntries(await Promise.all(each)) as Record<MessageClass, Flow>;
}

async function flowOf(
  store: Store,
  name: MessageClass,
  { lateFrom, wellSince }: { lateFrom: readonly (Ms | null | undefined)[]; wellSince: Ms | null },
  now: Ms,
): Promise<Flow> {
  const lately = now - LATELY;
  const late = now - Math.min(now, ...lateFrom.map((at) => at ?? now));
  const backup = await onBackup(store, name, wellSince, now);
  const moving = late > 0 && (await firstSince(store, name, ['accepted', 'delivered'], lately)) !== null;
  const traffic = late > 0 || (await firstSince(store, name, FLOWING, lately)) !== null;
  const took = traffic ? await usualTime(store, name, lately) : null;
  const since = late > 0 ? now - late : (backup?.since ?? null);
  return { late, since, backup: backup && now - backup.newest, moving, traffic, took };
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

/**
 * Since when the oldest mail waits that an operator, or a provider that is down, keeps from leaving: mail that waited for
 * something else before does so since then.
 */
async function keptSince(store: Store, name: MessageClass, now: Ms): Promise<Ms | null> {
  const row: { id?: string | null } | undefined = await store
    .db('due')
    .where({ priority: PRIORITY[name] })
    .whereIn('lane', [HELD, DRAINING])
    .min({ id: 'delivery_id' })
    .first();
  if (!row?.id) return null;
  const [holds, sick] = await Promise.all([activeHolds(store, now), unwell(store)]);
  const from = Math.min(...holds.map(({ at }) => at), ...sick.map(({ since }) => since));
  return Number.isFinite(from) ? Math.max(timeOf(row.id), from) : null;
}

/**
 * When the first message since then was made that stands like this. By the time of their messages, which an index has by
 * state and class: mail of other classes is not read.
 */
async function firstSince(store: Store, name: MessageClass, states: readonly State[], since: Ms): Promise<Ms | null> {
  const firsts = await Promise.all(
    states.map((state) => madeSince(store, { name, state, since, order: 'asc', limit: 1 })),
  );
  const times = firsts.flat().map(({ message_at }) => Number(message_at));
  return times.length > 0 ? Math.min(...times) : null;
}

/**
 * When the first and the newest mail were made that go out through a secondary; null when none do, or none do any more.
 * `wellSince` is since when all providers are healthy.
 */
async function onBackup(
  store: Store,
  name: MessageClass,
  wellSince: Ms | null,
  now: Ms,
): Promise<{ since: Ms; newest: Ms } | null> {
  const since = await firstSince(store, name, ['relayed'], Math.max(now - LATELY, wellSince ?? 0));
  if (since === null) return null;
  const newest = async (state: State): Promise<Ms> => {
    const [row] = await madeSince(store, { name, state, since, order: 'desc', limit: 1 });
    return Number(row?.message_at ?? 0);
  };
  const [relayed, accepted, delivered] = await Promise.all([
    newest('relayed'),
    newest('accepted'),
    newest('delivered'),
  ]);
  const isOver = wellSince !== null && relayed < Math.max(accepted, delivered) && relayed < now - USUAL_FOR;
  return isOver ? null : { since, newest: relayed };
}

/** How long the mail took that was made since then and has arrived: half of it no longer. */
async function usualTime(store: Store, name: MessageClass, since: Ms): Promise<Ms | null> {
  const rows = await madeSince(store, { name, state: 'delivered', since, order: 'desc', limit: SAMPLE });
  const times = rows.map(({ message_at, ended_at }) => Math.max(0, Number(ended_at) - Number(message_at)));
  return times.sort((a, b) => a - b)[Math.floor((times.length - 1) / 2)] ?? null;
}

type Made = { message_at: Ms; ended_at: Ms | null };

const madeSince = (
  store: Store,
  {
    name,
    state,
    since,
    order,
    limit,
  }: { name: MessageClass; state: State; since: Ms; order: 'asc' | 'desc'; limit: number },
): Promise<Made[]> =>
  store
    .db('deliveries')
    .where({ state, class: name })
    .where('message_at', '>=', since)
    .orderBy('message_at', order)
    .limit(limit)
    .select('message_at', 'ended_at');
