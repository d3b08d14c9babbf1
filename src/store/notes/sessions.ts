import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { deleteBy, insertNew } from '../db/statements.ts';
import { inOneStatement, transact } from '../db/transact.ts';

/** A login at the dashboard. Of what the browser keeps there is only a hash. */
export type Session = { id_hash: string; user: string; password_mark: string; created_at: Ms; seen_at: Ms };

/** Begins one, and forgets some that nobody used since a moment. */
export function beginSession(store: Store, session: Session, unusedSince: Ms): Promise<void> {
  return transact(store, async (tx) => {
    const old: string[] = await tx('sessions').where('seen_at', '<', unusedSince).limit(100).pluck('id_hash');
    await deleteBy(tx, 'sessions', 'id_hash', old);
    // It may be there already, after a COMMIT without a reply.
    await insertNew(tx, 'sessions', session, 'id_hash');
  });
}

export async function sessionOf({ db }: Store, idHash: string): Promise<Session | null> {
  const row: Session | undefined = await db('sessions').where({ id_hash: idHash }).first();
  return row ? { ...row, created_at: Number(row.created_at), seen_at: Number(row.seen_at) } : null;
}

export const sessionSeen = (store: Store, idHash: string, now: Ms): Promise<number> =>
  inOneStatement(store, (tx) => tx('sessions').where({ id_hash: idHash }).update({ seen_at: now }));

export const endSession = (store: Store, idHash: string): Promise<number> =>
  inOneStatement(store, (tx) => tx('sessions').where({ id_hash: idHash }).delete());

/** Ends all of a user; says how many there were. */
export const endSessionsOf = (store: Store, user: string): Promise<number> =>
  inOneStatement(store, (tx) => tx('sessions').where({ user }).delete());
