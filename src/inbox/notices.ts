import type { Log } from '../base/log.ts';
import type { Clock, Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import type { EventRow, Settled } from '../store/inbox/inbox.ts';
import { lookAtHeld } from '../store/ledger/due.ts';
import { heedMaintenance } from '../store/notes/pauses.ts';

/** What a provider tells of itself. */
export type Notice = { at: Ms; maintenance: 'begins' | 'ends' };

type Deps = {
  store: Store;
  /** What a kept row says of its provider; null when it says nothing of it. */
  notice?(row: EventRow): Notice | null;
  now: Clock;
  log: Log;
};

/** Mail waits, or leaves by other ways, from the beginning of a provider's maintenance to its end. Null for any other event. */
export async function fileNotice({ store, notice, now, log }: Deps, row: EventRow): Promise<Settled | null> {
  const told = notice?.(row);
  if (!told) return null;
  const { provider } = row;
  const isOn = told.maintenance === 'begins';
  if (await heedMaintenance(store, provider, { at: told.at, isOn }, now())) {
    log.warn({ provider }, isOn ? 'a provider is in maintenance' : 'the maintenance of a provider is over');
    if (!isOn) await lookAtHeld(store, now());
  }
  return { id: row.id, outcome: 'done' };
}
