import { maskAddress } from '../core/address.ts';
import { type Fact, isEnded } from '../core/delivery.ts';
import { endedFact } from '../core/ended.ts';
import type { Clock } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { deliveriesTo, eraseDeliveries, eraseEvents, eraseFromLog, rememberErased } from '../store/erased.ts';
import { eraseFromTexts, type Page, type Place, START } from '../store/erased-texts.ts';
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
  /** Called after each batch with what was removed so far, and how many rows were read in search of it. */
  progress?(sofar: Erased, read: number): void;
};

const BATCH = 100;

const KINDS = ['cancelled', 'deliveries', 'messages', 'events', 'left', 'texts'] as const satisfies (keyof Erased)[];

/**
 * Removes a person: what was sent, what came in, and what was written about it. Open mail is cancelled first. What is told
 * of earlier mail later is thrown away. It is done in small transactions, and doing it again goes on where it stopped.
 */
export async function erase(address: string, deps: EraseDeps): Promise<Erased> {
  const { store, who, now, progress } = deps;
  const erased: Erased = { cancelled: 0, deliveries: 0, messages: 0, events: 0, left: 0, texts: 0 };
  let rows = 0;
  await rememberErased(store, address, now());
  for (const part of [deliveries, events, texts])
    for await (const { read, ...removed } of part(address, deps)) {
      for (const kind of KINDS) erased[kind] += removed[kind] ?? 0;
      rows += read;
      progress?.(erased, rows);
    }
  await audit(store, now(), { who, what: 'erase', subject: maskAddress(address), detail: JSON.stringify(erased) });
  await eraseFromLog(store);
  return erased;
}

/** What one batch removed, and how many rows it read. */
type Batch = Partial<Erased> & { read: number };

async function* deliveries(address: string, { store, now }: EraseDeps): AsyncGenerator<Batch> {
  for (;;) {
    const ids = await deliveriesTo(store, address, BATCH);
    if (ids.length === 0) return;
    const cancelled = await cancelOpen(store, ids, now());
    const messages = await eraseDeliveries(store, ids);
    yield { cancelled, messages, deliveries: ids.length, read: ids.length };
  }
}

async function* events(address: string, { store }: EraseDeps): AsyncGenerator<Batch> {
  for (let after: string | null = ''; after !== null; ) {
    const { last, deleted, left, read } = await eraseEvents(store, address, after);
    after = last;
    yield { events: deleted, left, read };
  }
}

async function* texts(address: string, { store }: EraseDeps): AsyncGenerator<Batch> {
  for (let from: Place | null = START; from !== null; ) {
    const { next, changed, read }: Page = await eraseFromTexts(store, address, from);
    from = next;
    yield { texts: changed, read };
  }
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
