import { maskAddress } from '../core/address.ts';
import { type Fact, isEnded } from '../core/delivery.ts';
import { endedFact } from '../core/ended.ts';
import type { Clock } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import {
  deliveriesTo,
  eraseDeliveries,
  eraseEvents,
  eraseFromLog,
  eraseFromTexts,
  rememberErased,
} from '../store/erased.ts';
import { change } from '../store/ledger/ledger.ts';
import { audit } from '../store/notes/audit.ts';

/** How much was removed of a person. */
export type Erased = {
  /** Deliveries that were still open and are cancelled. */
  cancelled: number;
  deliveries: number;
  /** Messages that were to nobody else. */
  messages: number;
  /** What came in about them: webhooks, records, what applications told. */
  events: number;
  /** What names them, but may be about others and is not understood yet: for that it is to be done again a little later. */
  left: number;
  /** Alerts, summaries, notes and examples in which their address stood. */
  texts: number;
};

type EraseDeps = {
  store: Store;
  who: string;
  now: Clock;
  /** Called with what was removed so far, after each batch. */
  progress?(sofar: Erased): void;
};

const BATCH = 100;

/**
 * Removes a person: what was sent, what came in, and what was written about it. Open mail is cancelled first. Events of
 * earlier mail that come later are thrown away. Doing it again goes on where it stopped.
 */
export async function erase(address: string, { store, who, now, progress }: EraseDeps): Promise<Erased> {
  const erased: Erased = { cancelled: 0, deliveries: 0, messages: 0, events: 0, left: 0, texts: 0 };
  await rememberErased(store, address, now());
  for (;;) {
    const ids = await deliveriesTo(store, address, BATCH);
    if (ids.length === 0) break;
    erased.cancelled += await cancelOpen(store, ids, now());
    erased.messages += await eraseDeliveries(store, ids);
    erased.deliveries += ids.length;
    progress?.(erased);
  }
  for (let after: string | null = ''; after !== null; ) {
    const { last, deleted, left } = await eraseEvents(store, address, after);
    erased.events += deleted;
    erased.left += left;
    after = last;
    progress?.(erased);
  }
  erased.texts = await eraseFromTexts(store, address);
  await audit(store, now(), { who, what: 'erase', subject: maskAddress(address), detail: JSON.stringify(erased) });
  await eraseFromLog(store);
  return erased;
}

/** What is in flight learns that it is over, and no alert tells of it. */
async function cancelOpen(store: Store, ids: readonly string[], now: number): Promise<number> {
  let cancelled = 0;
  await change(store, ids, now, (view): Fact[] => {
    if (isEnded(view.delivery.state)) return [];
    cancelled++;
    return [endedFact(view, 'cancelled', 'by_operator', now)];
  });
  return cancelled;
}
