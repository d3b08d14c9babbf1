import type { Knex } from 'knex';
import { newId } from '../../base/ids.ts';
import type { MessageClass } from '../../core/message-class.ts';
import { storable } from '../../core/safe-text.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { transactOnce } from '../db/transact.ts';
import { auditIn } from './audit.ts';

export type Hold = {
  id: string;
  /** Null for all of them; so is the class. */
  provider: string | null;
  class: MessageClass | null;
  /** Null: until it is released. */
  until: Ms | null;
  reason: string | null;
  who: string;
  at: Ms;
};

type Row = Hold & { released_at: Ms | null };

/** What is held now, oldest first. */
export async function activeHolds({ db }: Store, now: Ms): Promise<Hold[]> {
  const isOpen = (hold: Knex.QueryBuilder) => hold.whereNull('until').orWhere('until', '>', now);
  const rows: Row[] = await db('holds').whereNull('released_at').where(isOpen).orderBy('id').limit(200);
  return rows.map(holdOf);
}

const holdOf = ({ released_at: _, ...row }: Row): Hold => ({
  ...row,
  at: Number(row.at),
  until: row.until === null ? null : Number(row.until),
});

export type Wish = Pick<Hold, 'provider' | 'class' | 'until' | 'reason' | 'who'>;

/** Keeps mail from leaving from now on. */
export function addHold(store: Store, wish: Wish, now: Ms): Promise<Hold> {
  const hold = {
    ...wish,
    id: newId(now),
    at: now,
    who: storable(wish.who, 100),
    reason: wish.reason === null ? null : storable(wish.reason, 1000),
  };
  const isDone = (tx: Store['db']) => tx('holds').where({ id: hold.id }).first('id');
  return transactOnce(store, isDone, async (tx) => {
    await tx('holds').insert({ ...hold, released_at: null });
    await auditIn(tx, now, { who: hold.who, what: 'hold', subject: hold.id, detail: JSON.stringify(wish) });
    return hold;
  });
}

/** Ends a hold (see `release`); gives what ended, or null when there is none of this id. */
export async function releaseHold(store: Store, id: string, who: string, now: Ms): Promise<Hold | null> {
  const row: Row | undefined = await store.db('holds').where({ id }).whereNull('released_at').first();
  if (!row) return null;
  const isDone = (tx: Store['db']) => tx('holds').where({ id }).whereNotNull('released_at').first('id');
  await transactOnce(store, isDone, async (tx) => {
    await tx('holds').where({ id }).whereNull('released_at').update({ released_at: now });
    await auditIn(tx, now, { who, what: 'release', subject: id, detail: null });
  });
  return holdOf(row);
}
