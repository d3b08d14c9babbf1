import { HOUR, type Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { insertNew } from '../db/statements.ts';
import { inOneStatement } from '../db/transact.ts';
import { cursor } from './cursors.ts';

const nameOf = (what: string): string => `turn:${what}`;

/** A lease is shorter than this. One that ends later was taken before a clock was set back. */
const LONGEST: Ms = HOUR;

/**
 * Takes something that one of all daemons does at a time, until that moment, or keeps it for longer; false when another one has
 * it. Whoever does not give it up loses it at that moment.
 */
export async function takeTurn(
  store: Store,
  what: string,
  who: string,
  { now, until }: { now: Ms; until: Ms },
): Promise<boolean> {
  const name = nameOf(what);
  const farthest = now + Math.max(LONGEST, 2 * (until - now));
  const held = await cursor(store, name);
  if (held === null) await inOneStatement(store, (tx) => insertNew(tx, 'cursors', { name, value: '', at: 0 }, 'name'));
  else if (held.value !== who && held.at > now && held.at <= farthest) return false;
  await inOneStatement(store, (tx) =>
    tx('cursors')
      .where({ name })
      .where((one) => one.where({ value: who }).orWhereNotBetween('at', [now + 1, farthest]))
      .update({ value: who, at: until }),
  );
  // Asks the row: what was written may have got no reply, and been written again.
  return (await cursor(store, name))?.value === who;
}

/** Lets another daemon have it at once. */
export async function giveUpTurn(store: Store, what: string, who: string): Promise<void> {
  await inOneStatement(store, (tx) =>
    tx('cursors')
      .where({ name: nameOf(what), value: who })
      .update({ at: 0 }),
  );
}
