import { gather } from '../base/gather.ts';
import { within } from '../base/wait.ts';
import type { Ms } from '../core/time.ts';
import { homingErrorOf } from './errors.ts';
import { HomingError } from './homing-error.ts';
import type { Told, Verdict } from './record.ts';

/**
 * Takes some records. Rejects when the store can not be used; a record that it will never take gets a verdict that says
 * so.
 */
export type Take = (records: readonly Told[]) => Promise<readonly Verdict[]>;

export type Offer = {
  /** How long the store may take. */
  patience: Ms;
  /** Whether somebody waits for it. Records that nobody waits for share a call if they can. */
  urgent: boolean;
};

/** The store, given a limited time for each record. */
export type PatientStore = {
  /** Null when the store has the record, else why it has not. A record that was given up is not sent afterwards. */
  offer(record: Told, how: Offer): Promise<HomingError | null>;
  /** How many it has taken. */
  recorded(): number;
};

const BATCH = 100;
/** How long a record that nobody waits for waits for others. */
const COLLECT: Ms = 100;

type Item = { record: Told; givenUp: boolean };

/** `onLate` is called when the store took a record after its time was over. */
export function createPatientStore(take: Take, onLate: () => void): PatientStore {
  let recorded = 0;
  const add = gather<Item>(
    async (items) => {
      const wanted = items.filter((item) => !item.givenUp);
      const verdicts = wanted.length > 0 ? await take(wanted.map((item) => item.record)) : [];
      recorded += verdicts.filter((verdict) => verdict.ok).length;
      if (wanted.some((item) => item.givenUp)) onLate();
    },
    BATCH,
    { linger: COLLECT },
  );
  return {
    async offer(record, { patience, urgent }) {
      const item = { record, givenUp: false };
      const added = (urgent ? add : add.later)(item).then(() => null, homingErrorOf);
      const trouble = await within(added, patience, 'late' as const);
      item.givenUp = trouble !== null;
      // Made only when it is needed: an error takes longer to make than the rest of this.
      return trouble === 'late' ? tooSlow() : trouble;
    },
    recorded: () => recorded,
  };
}

const tooSlow = (): HomingError => new HomingError('unavailable', 'the store did not answer in time');
