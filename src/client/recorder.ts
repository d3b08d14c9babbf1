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
  /**
   * Loads what `take` needs. This time is not part of the patience, because the process can do nothing else meanwhile.
   */
  ready(): Promise<unknown>;
  take: Take;
  spool: Spool;
  /** How long `before` keeps its caller waiting at most, once everything is loaded. */
  patience: Ms;
  /** How long to leave a store alone that could not be used. */
  pause: Ms;
  onProblem(problem: Problem): void;
  monotonic: Clock;
};

/** Tells the store what is sent. Nothing in here rejects or waits without end, because the mail is more important. */
export type Recorder = {
  /** Resolves when the record is durable, in the store or in the spool, or when patience is over. */
  before(record: Told): Promise<void>;
  /** Returns at once. */
  after(record: Told): void;
  counts(): Counts;
  /** Files what is in the spool, if the store can be used again: the next question may be about it. */
  catchUp(): Promise<void>;
  /** Resolves when all that was told so far is in the store or in the spool. */
  flush(): Promise<void>;
  close(): Promise<void>;
};

/** The part of the patience that the store gets; the rest is for the spool. */
const STORE_SHARE = 0.8;
/**
 * The patience for records that nobody waits for. It has a limit because the process may end, and by then they should
 * be on disk.
 */
const LATER: Ms = 5 * SECOND;
/** How long loading may take. */
const LOADING: Ms = SECOND;

/**
 * Gives each record to the store, and to the spool when that fails. While the store is in trouble records go to the
 * spool at once.
 */
export function createRecorder(deps: RecorderDeps): Recorder {
  const { patience, monotonic, onProblem } = deps;
  const trouble = createTrouble(onProblem);
  const take = tellingRefusals(deps.take, onProblem);
  const waiting = createWaitingRecords({ ...deps, take: noticing(take, trouble), onFiled: trouble.end });
  // A store that was only slow, for instance because it was being opened, need not be left alone for a pause.
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
      // An earlier process may have left something in the spool.
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
      // A record whose patience is over goes to the spool, which takes a little longer.
      await within(pending.ended(), LATER + SECOND, undefined);
      // A process shorter than a second has not looked into the spool yet.
      if (looked) await waiting.file(SECOND);
      closed = true;
      waiting.stop();
    },
  };
}

/** When the store fails to take what waited, it is in trouble for new records as well. */
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
