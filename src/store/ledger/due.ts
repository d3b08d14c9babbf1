import type { Knex } from 'knex';
import { newId } from '../../base/ids.ts';
import { CLASSES } from '../../core/message-class.ts';
import { inTurn } from '../../core/places.ts';
import { ALONE, type Share, shareOf } from '../../core/roles.ts';
import { type Ms, SECOND } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { chunks, inOneStatement } from '../db/transact.ts';

/** The number of each class, by which its rows are found. */
const PRIORITIES = CLASSES.map((_, n) => n);

/**
 * A lane in which due deliveries wait, and how many of them there is room for. The empty name is for those that wait
 * for no provider. `turn` counts the places that the lane has given away. `each` is how much of each class there is room for,
 * most urgent first; left out when it is all the same.
 */
export type Room = { lane: string; most: number; turn?: number; each?: readonly number[] };

/** The lane of what a hold keeps back, so that its release finds it. */
export const HELD = 'held';
/** The lane of what was held and is not any more, and leaves one by one. */
export const DRAINING = 'draining';

/** When, for how long, and, where several daemons divide what is due among them, whose share. */
export type Claiming = { now: Ms; lease: Ms; share?: Share };

export type Claimed = {
  id: string;
  /** The lane in which it waited. */
  lane: string;
  /** The provider was to be asked about it, and the time for the answer is over. */
  askedInVain: boolean;
};

/**
 * Claims due deliveries, most of them access mail if there is any, and from each lane as many as there is room for, with what
 * else is due of the same messages. They are in the order of the lanes, and in each of whose turn it is. It is one committed
 * statement that takes only free rows. On a cluster two nodes may take the same row, and one of them loses at its commit: so
 * nothing is sent in here. A claim that is not given back comes due again when its lease ends.
 */
export async function claimDue(
  store: Store,
  rooms: readonly Room[],
  { now, lease, share = ALONE }: Claiming,
): Promise<{ lease: string; claimed: Claimed[] }> {
  const token = newId(now);
  const first = await candidates(store, rooms, now, share);
  if (first.length === 0) return { lease: token, claimed: [] };
  const ids = [...new Set([...first, ...(await othersOf(store, first))])];
  const taken = { at: now + lease, lease: token };
  await inOneStatement(store, (tx) => tx('due').whereIn('delivery_id', ids).where('at', '<=', now).update(taken));
  const won: Asking[] = await store
    .db('due')
    .where({ lease: token })
    .select('delivery_id', 'lane', 'ask_at', 'ask_lease')
    .limit(ids.length);
  const place = new Map(ids.map((id, n) => [id, n]));
  won.sort((a, b) => (place.get(a.delivery_id) ?? 0) - (place.get(b.delivery_id) ?? 0));
  const claimed = won.map((r) => ({ id: r.delivery_id, lane: r.lane, askedInVain: isInVain(r, now) }));
  return { lease: token, claimed };
}

/** As many as one call may be for. */
const MOST_OTHERS = 1000;

/** What else waits to be sent of the same messages: one call may be for all of it. */
async function othersOf({ db }: Store, ids: readonly string[]): Promise<string[]> {
  // By the index of states databases would walk all mail that waits.
  const waiting = () => db('deliveries').whereRaw("coalesce(state, '') = ?", ['queued']);
  const messages: string[] = await waiting().whereIn('id', ids).distinct().pluck('message_id');
  if (messages.length === 0) return [];
  return waiting().whereIn('message_id', messages).orderBy('message_id').limit(MOST_OTHERS).pluck('id');
}

type Asking = { delivery_id: string; lane: string; ask_at: Ms | null; ask_lease: string | null };

/** A question whose process died, or stood still, before there was an answer was not asked: it is asked again. */
const isInVain = ({ ask_at: at, ask_lease: lease }: Asking, now: Ms): boolean =>
  at !== null && !(lease !== null && at <= now);

/**
 * One query for each lane and priority, each over a closed range of the index. A query over all of them would read the
 * index from its start.
 */
async function candidates({ db }: Store, rooms: readonly Room[], now: Ms, share: Share): Promise<string[]> {
  const open = rooms.filter(({ most }) => most > 0);
  const ranges = PRIORITIES.flatMap((priority) =>
    open.map(({ lane, most, each }) => [lane, priority, now, Math.min(most, each?.[priority] ?? most) * share.of]),
  );
  if (ranges.length === 0) return [];
  const all = db.raw(`(${ranges.map(() => RANGE).join(' union all ')}) as part`, ranges.flat());
  const rows: Candidate[] = await db.from(all).select('*');
  rows.sort((a, b) => a.at - b.at);
  return open.flatMap(({ lane, most, turn = 0 }) => {
    const own = ownAmong(
      rows.filter((r) => r.lane === lane),
      most,
      { now, share },
    );
    const ids = inTurn(own, ({ priority }) => CLASSES[priority] ?? 'bulk', turn).map((r) => r.delivery_id);
    return ids.slice(0, most);
  });
}

/**
 * Of more than one daemon can take each takes its share, because all would take the same, and only one of them gets it. Where
 * there is less, whoever is first takes it. What is late is everybody's: access mail at once, the rest behind its own.
 */
function ownAmong(rows: readonly Candidate[], most: number, { now, share }: Required<Pick<Claiming, 'now' | 'share'>>) {
  if (share.of === 1 || rows.length <= most) return rows;
  const isLate = ({ at }: Candidate) => now - at > LATE;
  const isOwn = (row: Candidate) =>
    shareOf(row.delivery_id.slice(0, MADE_TOGETHER), share.of) === share.index || (row.priority === 0 && isLate(row));
  const own = rows.filter(isOwn);
  // Whose it is may stand still, and nothing may wait for that.
  return own.length >= most ? own : [...own, ...rows.filter((row) => !isOwn(row) && isLate(row))];
}

/** Deliveries of one message have the beginning of their ids in common, and leave together. */
const MADE_TOGETHER = 10;
const LATE: Ms = 5 * SECOND;

const RANGE = `select * from (select delivery_id, priority, at, lane from due
  where lane = ? and priority = ? and at <= ? order by at limit ?) as part`;

type Candidate = { delivery_id: string; priority: number; at: Ms; lane: string };

/** A claimed delivery that is given back, and when it is due. */
export type Waits = { id: string; at: Ms };

/** Gives claimed deliveries back to wait in a lane, each due at its own time: its place among them is by that. */
export async function park(store: Store, lease: string, lane: string, waits: readonly Waits[]): Promise<void> {
  for (const part of chunks(waits, 100)) {
    const ids = part.map(({ id }) => id);
    await inOneStatement(store, (tx) => {
      const mine = tx('due').whereIn('delivery_id', ids).where({ lease });
      return mine.update({ lane, at: eachOf(tx, part, ({ at }) => at), lease: null });
    });
  }
}

/** A value of its own for each. */
function eachOf<T extends { id: string }>(db: Knex, list: readonly T[], value: (one: T) => number): Knex.Raw {
  const cases = list.flatMap((one) => [one.id, value(one)]);
  return db.raw(`case delivery_id ${'when ? then ? '.repeat(list.length)}end`, cases);
}

/** Has everything looked at that is held. */
export async function lookAtHeld(store: Store, now: Ms): Promise<void> {
  await inOneStatement(store, (tx) => tx('due').where({ lane: HELD }).whereNull('lease').update({ at: now }));
}

/** Gives claimed deliveries back, to be looked at again at that time. */
export async function lookAgain(store: Store, lease: string, ids: readonly string[], at: Ms): Promise<void> {
  for (const part of chunks(ids, 400))
    await inOneStatement(store, (tx) =>
      tx('due').whereIn('delivery_id', part).where({ lease }).update({ lane: '', at, lease: null }),
    );
}

/** Has deliveries looked at again that wait in a lane of a provider that is no longer configured. */
export async function leaveLanes(store: Store, served: readonly string[]): Promise<void> {
  await inOneStatement(store, (tx) =>
    tx('due')
      .whereNotIn('lane', ['', HELD, DRAINING, ...served])
      .update({ lane: '' }),
  );
}

/** A question to the provider: not to be asked before `at`. From `by` on the delivery goes on without the answer. */
export type Question = { id: string; at: Ms; by: Ms; unsuppress: boolean };

/** Notes the questions about claimed deliveries, and gives the deliveries back until they are answered. */
export async function wantAnswers(store: Store, lease: string, questions: readonly Question[]): Promise<void> {
  for (const part of chunks(questions, 100)) await inOneStatement(store, (tx) => wantIn(tx, lease, part));
}

async function wantIn(tx: Knex, lease: string, questions: readonly Question[]): Promise<void> {
  const ids = questions.map((q) => q.id);
  const each = (value: (q: Question) => number) => eachOf(tx, questions, value);
  await tx('due')
    .whereIn('delivery_id', ids)
    .where({ lease })
    .update({
      at: each((q) => q.by),
      ask_at: each((q) => q.at),
      ask_unsuppress: each((q) => (q.unsuppress ? 1 : 0)),
      ask_lease: null,
      lane: '',
      lease: null,
    });
}

/** A question that this process is to ask, until `lease` is lost. */
export type ClaimedQuestion = { id: string; lease: string; unsuppress: boolean };

/** Claims deliveries that are to be asked about, access mail first, for `lease` ms. */
export async function claimQuestions(store: Store, now: Ms, limit: number, lease: Ms): Promise<ClaimedQuestion[]> {
  const ids: string[] = [];
  for (const priority of PRIORITIES) {
    if (ids.length >= limit) break;
    const rows: { delivery_id: string }[] = await store
      .db('due')
      .where({ priority })
      .where('ask_at', '<=', now)
      .orderBy('ask_at')
      .limit(limit - ids.length)
      .select('delivery_id');
    ids.push(...rows.map((r) => r.delivery_id));
  }
  if (ids.length === 0) return [];
  const token = newId(now);
  const taken = { ask_at: now + lease, ask_lease: token };
  await inOneStatement(store, (tx) => tx('due').whereIn('delivery_id', ids).where('ask_at', '<=', now).update(taken));
  const won: { delivery_id: string; ask_unsuppress: number }[] = await store
    .db('due')
    .where({ ask_lease: token })
    .select('delivery_id', 'ask_unsuppress')
    .limit(limit);
  return won.map((r) => ({ id: r.delivery_id, lease: token, unsuppress: r.ask_unsuppress === 1 }));
}

/** Keeps others from asking for longer; false when the question is not ours any more. */
export async function holdQuestion(
  store: Store,
  { id, lease }: Pick<ClaimedQuestion, 'id' | 'lease'>,
  until: Ms,
): Promise<boolean> {
  const mine = (tx: Knex) => tx('due').where({ delivery_id: id, ask_lease: lease });
  return (await inOneStatement(store, (tx) => mine(tx).update({ ask_at: until }))) === 1;
}

/** Deliveries that are open, in the order of their ids, those after one. */
export async function openDeliveries({ db }: Store, after: string, limit: number): Promise<string[]> {
  const rows = db('due').where('delivery_id', '>', after).orderBy('delivery_id').limit(limit);
  return rows.pluck('delivery_id');
}

/** Size of the backlog, and how late its oldest row is. */
export async function backlog(store: Store, now: Ms): Promise<{ open: number; due: number; late: Ms }> {
  const [open, due, oldest] = await Promise.all([
    store.db('due').count({ n: '*' }).first(),
    store.db('due').where('at', '<=', now).count({ n: '*' }).first(),
    store.db('due').min({ at: 'at' }).first(),
  ]);
  const at = Number((oldest as { at: number | null } | undefined)?.at ?? now);
  return { open: Number(open?.['n'] ?? 0), due: Number(due?.['n'] ?? 0), late: Math.max(0, now - at) };
}
