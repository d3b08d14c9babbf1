// What one of all daemons does at a time, each under the name of a cursor of its own.
import { HOUR, type Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { insertNew } from '../db/statements.ts';
import { inOneStatement } from '../db/transact.ts';
import { cursor } from './cursors.ts';

/** A lease is shorter than this, or half of what is asked for. One that ends later was taken before a clock was set back. */
const LONGEST: Ms = HOUR;

/**
 * `until`: when whoever takes a turn and does not give it up loses it. `first`: from when on it can be had by the first one of all;
 * at once, when that is not said.
 */
export type Lease = { now: Ms; until: Ms; first?: Ms };

/** Takes a turn, or keeps it for longer; false while another one has it. */
export async function takeTurn(store: Store, name: string, who: string, lease: Lease): Promise<boolean> {
  const { now, until, first = 0 } = lease;
  const farthest = now + Math.max(LONGEST, 2 * (until - now));
  const held = await cursor(store, name);
  if (held === null)
    await inOneStatement(store, (tx) => insertNew(tx, 'cursors', { name, value: '', at: first }, 'name'));
  else if (held.value !== who && held.at > now && held.at <= farthest) return false;
  await inOneStatement(store, (tx) =>
    tx('cursors')
      .where({ name })
      .where((one) => one.where({ value: who }).orWhereNotBetween('at', [now + 1, farthest]))
      .update({ value: who, at: until }),
  );
  return hasTurn(store, name, who);
}

/** Keeps a turn that nobody else has taken since; says whether that is so. */
export async function holdTurn(store: Store, name: string, who: string, until: Ms): Promise<boolean> {
  await giveUpTurn(store, name, who, until);
  return hasTurn(store, name, who);
}

/** Lets another have it at once, or at that moment. */
export async function giveUpTurn(store: Store, name: string, who: string, at: Ms = 0): Promise<void> {
  await inOneStatement(store, (tx) => tx('cursors').where({ name, value: who }).update({ at }));
}

/** Asks the row: what was written may have got no reply, and been written again. */
const hasTurn = async (store: Store, name: string, who: string): Promise<boolean> =>
  (await cursor(store, name))?.value === who;
