import type { Spool } from '../base/spool.ts';
import { within } from '../base/wait.ts';
import { type Clock, type Ms, SECOND } from '../core/time.ts';
import { homingErrorOf } from './errors.ts';
import { createPatientStore, type Offer, type Take } from './patient-store.ts';
import { createTrouble, type Trouble, tellingRefusals } from './problems.ts';
import type { Told } from './record.ts';
import type { Counts, Problem } from './types.ts';
import { createWaitingRecords } from './waiting-records.ts';

export type RecorderDeps = {
  /** Loads what `take` needs. The process stands still for most of that time, so it is not taken from the patience. */
  ready(): Promise<unknown>;
  take: Take;
  spool: Spool;
  /** How long `before` keeps its caller waiting at most, once everything is loaded. */
  patience: Ms;
  /** Between two looks at a store that could not be used. */
  pause: Ms;
  onProblem(problem: Problem): void;
  monotonic: Clock;
};

/** Tells the store what is sent. Nothing in here ever rejects or waits without end: the mail is more important. */
export type Recorder = {
  /** Resolves when the record is durable, in the store or in the spool, or when patience is over. */
  before(record: Told): Promise<void>;
  /** Returns at once. */
  after(record: Told): void;
  counts(): Counts;
  /** Files what went to the spool, if the store can be used again: what is asked next may depend on it. */
  catchUp(): Promise<void>;
  /** Resolves when all that was told so far is in the store or in the spool. */
  flush(): Promise<void>;
  close(): Promise<void>;
};

/** The part of the patience that the store gets; the rest is for the spool. */
const STORE_SHARE = 0.8;
/** Nobody waits for what is told afterwards; but the process may end, and by then it should be on disk. */
const LATER: Ms = 5 * SECOND;
/** Loading may take so long. */
const LOADING: Ms = SECOND;

/** First the store, and when it fails the spool; while the store is in trouble, the spool at once. */
export function createRecorder(deps: RecorderDeps): Recorder {
  const { patience, monotonic, onProblem } = deps;
  const trouble = createTrouble(onProblem);
  const take = tellingRefusals(deps.take, onProblem);
  const waiting = createWaitingRecords({ ...deps, take: noticing(take, trouble), onFiled: trouble.end });
  // A store that was only slow (it was just being opened) need not be left alone for a pause.
  const store = createPatientStore(take, () => void waiting.file(LATER));
  const pending = createPending();
  let looked = false;
  let closed = false;

  const load = () => deps.ready().catch(() => null);

  async function keep(record: Told, how: Offer): Promise<void> {
    if (!trouble.isThere() && !closed) {
      const failure = await store.offer(record, how);
      if (!failure) return;
      trouble.begin(failure);
    }
    trouble.hold();
    await waiting.keep(record);
  }

  return {
    async before(record) {
      // A process before us may have left something in the spool.
      if (!looked) waiting.lookAfter(Math.min(SECOND, deps.pause));
      looked = true;
      if (!closed) await within(load(), LOADING, null);
      const began = monotonic();
      const kept = pending.add(keep(record, { patience: patience * STORE_SHARE, urgent: true }));
      await within(kept, patience - (monotonic() - began), undefined);
    },
    after: (record) => void pending.add(keep(record, { patience: LATER, urgent: false })),
    counts: () => ({ recorded: store.recorded(), ...waiting.counts() }),
    async catchUp() {
      await pending.ended();
      await waiting.file(LATER);
    },
    flush: pending.ended,
    async close() {
      // At the end of its own patience each record goes to the spool, and is there a little later.
      await within(pending.ended(), LATER + SECOND, undefined);
      // A process that lives for less than a second has not looked into the spool yet.
      if (looked) await waiting.file(SECOND);
      closed = true;
      waiting.stop();
    },
  };
}

/** A store that fails to take what waited is in trouble for new records, too. */
function noticing(take: Take, trouble: Trouble): Take {
  return async (records) => {
    try {
      return await take(records);
    } catch (error) {
      trouble.begin(homingErrorOf(error));
      throw error;
    }
  };
}

/** Work under way, for whoever wants to wait for its end. */
function createPending() {
  const works = new Set<Promise<void>>();
  return {
    add(work: Promise<void>): Promise<void> {
      works.add(work);
      void work.finally(() => works.delete(work));
      return work;
    },
    ended: async (): Promise<void> => void (await Promise.all(works)),
  };
}
