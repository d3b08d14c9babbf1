import type { HandOver } from '../core/decision/world.ts';
import { groupBy } from '../core/group.ts';
import type { Settings } from '../core/settings.ts';
import { type Ms, SECOND } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { type Claimed, DRAINING, HELD, park, type Waits } from '../store/ledger/due.ts';
import { takeTurns } from '../store/notes/paces.ts';
import type { Due } from './look.ts';

export type DrainDeps = { store: Store; settings: Pick<Settings, 'drainRate' | 'outageWindow'> };

type ToSend = Due & { action: HandOver };
type Looked = { lease: string; claimed: readonly Claimed[]; now: Ms };

const MICRO = 1000 * SECOND;

/**
 * Has mail leave evenly that was held for a while, by an outage or an operator, and is free now: each gets a turn, and waits
 * for it. Gives back what leaves at once: access mail, and mail that was not held.
 */
export async function evenly(
  { store, settings }: DrainDeps,
  { lease, claimed, now }: Looked,
  due: readonly ToSend[],
): Promise<ToSend[]> {
  const laneOf = new Map(claimed.map(({ id, lane }) => [id, lane]));
  const isBacklog = ({ view }: ToSend) =>
    view.class !== 'access' && laneOf.get(view.id) === HELD && view.birth.createdAt <= now - settings.outageWindow;
  const backlog = Number.isFinite(settings.drainRate) ? due.filter(isBacklog) : [];
  for (const [provider, same] of groupBy(backlog, ({ action }) => action.provider)) {
    const apart = MICRO / settings.drainRate;
    // With another rate the turns begin anew.
    const name = `${DRAINING}:${provider}=${settings.drainRate}`;
    const first = await takeTurns(store, name, { count: same.length, apart }, now);
    await park(store, lease, DRAINING, turnsOf(same, first, apart));
  }
  const waiting = new Set(backlog);
  return due.filter((d) => !waiting.has(d));
}

/** What is of one message leaves together, as one call may be for all of it, and takes as many turns. */
function turnsOf(due: readonly ToSend[], first: number, apart: number): Waits[] {
  let n = 0;
  return [...groupBy(due, ({ view }) => view.messageId).values()].flatMap((same) => {
    const at = Math.round((first + n * apart) / 1000);
    n += same.length;
    return same.map(({ view: { id } }) => ({ id, at }));
  });
}
