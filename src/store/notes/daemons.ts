import { storable } from '../../core/safe-text.ts';
import type { Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { putRows } from '../db/statements.ts';
import { inOneStatement } from '../db/transact.ts';

/** A daemon that works on this database, as it said of itself. */
export type SeenDaemon = { id: string; name: string; roles: readonly string[]; startedAt: Ms; seenAt: Ms };

/** Says that a daemon is there. */
export async function noteDaemon(store: Store, { id, name, roles, startedAt, seenAt }: SeenDaemon): Promise<void> {
  const row = { id, name: storable(name, 100), roles: roles.join(','), started_at: startedAt, seen_at: seenAt };
  await inOneStatement(store, (tx) => putRows(tx, 'daemons', [row], { key: 'id', columns: ['seen_at'] }));
}

export async function forgetDaemon(store: Store, id: string): Promise<void> {
  await inOneStatement(store, (tx) => tx('daemons').where({ id }).delete());
}

/** Forgets those that were not seen since then. */
export async function forgetDaemonsBefore(store: Store, before: Ms): Promise<void> {
  await inOneStatement(store, (tx) => tx('daemons').where('seen_at', '<', before).delete());
}

type Row = { id: string; name: string; roles: string; started_at: Ms; seen_at: Ms };

/** Those that were seen since then, in the order of their ids. */
export async function daemonsSince({ db }: Store, since: Ms): Promise<SeenDaemon[]> {
  const rows: Row[] = await db('daemons').where('seen_at', '>=', since).orderBy('id');
  return rows.map(({ id, name, roles, started_at, seen_at }) => ({
    ...{ id, name, roles: roles.split(',') },
    ...{ startedAt: Number(started_at), seenAt: Number(seen_at) },
  }));
}
