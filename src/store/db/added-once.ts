// Sums that are added to once, although the transaction may be made again: after a COMMIT without a reply nobody knows
// whether it was made. A mark that is written with them tells.
import type { Knex } from 'knex';
import { newId } from '../../base/ids.ts';
import { DAY, type Ms } from '../../core/time.ts';
import type { Store } from './open.ts';
import { inOneStatement, transact } from './transact.ts';

/** Makes an addition, unless a try of the same work was committed with it. */
export type Once = (tx: Knex, add: () => Promise<void>) => Promise<void>;

const MARK = 'added:';
/** What processes that are gone have left. */
const FORGOTTEN: Ms = 7 * DAY;

/** Places for marks that nobody needs now: so there are as many of them as there are additions at once. */
const free = new WeakMap<Store, string[]>();

/** For work that adds to sums among other things. An SQLite file says of each COMMIT whether it was made, and needs no mark. */
export async function withMark<T>(store: Store, now: Ms, work: (once: Once) => Promise<T>): Promise<T> {
  if (store.kind === 'sqlite') return work((_tx, add) => add());
  const places = free.get(store) ?? [];
  free.set(store, places);
  const name = places.pop() ?? (await newPlace(store, now));
  const mark = { name, value: newId(now) };
  let isTried = false;
  try {
    return await work(async (tx, add) => {
      if (isTried && (await tx('cursors').where(mark).first('name'))) return;
      isTried = true;
      await add();
      await tx('cursors')
        .insert({ ...mark, at: now })
        .onConflict('name')
        .merge();
    });
  } finally {
    places.push(name);
  }
}

async function newPlace(store: Store, now: Ms): Promise<string> {
  const old = (db: Knex) =>
    db('cursors')
      .where('name', 'like', `${MARK}%`)
      .where('at', '<', now - FORGOTTEN);
  await inOneStatement(store, (db) => old(db).delete());
  return `${MARK}${newId(now)}`;
}

/** `transact` for what does nothing but add. */
export const addOnce = (store: Store, now: Ms, add: (tx: Knex.Transaction) => Promise<void>): Promise<void> =>
  withMark(store, now, (once) => transact(store, (tx) => once(tx, () => add(tx))));
