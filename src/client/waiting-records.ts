import { gather } from '../base/gather.ts';
import type { Spool } from '../base/spool.ts';
import { within } from '../base/wait.ts';
import type { Ms } from '../core/time.ts';
import { codeOf } from './errors.ts';
import type { Take } from './patient-store.ts';
import { persistent } from './persistent.ts';
import type { Told } from './record.ts';
import type { Problem } from './types.ts';

export type WaitingDeps = {
  spool: Spool;
  /** Gives records to the store. */
  take: Take;
  /** How long to leave a store alone that could not be used. */
  pause: Ms;
  /** Called when all that waited is filed. */
  onFiled(): void;
  onProblem(problem: Problem): void;
};

/** Records in the spool. They are given to the store, over and over, until it takes them. */
export type WaitingRecords = {
  /** Resolves when the record is on disk, or counted as lost. Never rejects. */
  keep(record: Told): Promise<void>;
  /** Looks into the spool after `wait`: an earlier process may have left something there. */
  lookAfter(wait: Ms): void;
  /** Files what is there by now; gives up after `patience`, while the filing itself goes on. */
  file(patience: Ms): Promise<void>;
  counts(): { spooled: number; filed: number; lost: number };
  /** From now on nothing is filed any more. */
  stop(): void;
};

const BATCH = 100;

export function createWaitingRecords(deps: WaitingDeps): WaitingRecords {
  const { spool, take, pause, onFiled, onProblem } = deps;
  const counts = { spooled: 0, filed: 0, lost: 0 };
  const filing = persistent(async () => {
    await spool.file(fileLines);
    onFiled();
  }, pause);

  const append = gather<Told>(async (records) => {
    try {
      const kept = await spool.append(records.map((record) => JSON.stringify(record)));
      counts.spooled += kept;
      if (kept < records.length) lose(records.length - kept, 'the spool is full');
    } catch (error) {
      lose(records.length, `the spool can not be written: ${codeOf(error)}`);
    }
  }, BATCH);

  function lose(count: number, detail: string): void {
    counts.lost += count;
    onProblem({ kind: 'lost', count, detail });
  }

  /** Answers with the lines that are to be set aside. */
  async function fileLines(lines: readonly string[]): Promise<string[]> {
    const { torn, whole } = sorted(lines);
    const verdicts = whole.length > 0 ? await take(whole.map(({ told }) => told)) : [];
    counts.filed += whole.length;
    return [...torn, ...whole.flatMap(({ line }, i) => (verdicts[i]?.ok ? [] : [line]))];
  }

  return {
    async keep(record) {
      await append(record);
      filing.later(pause);
    },
    lookAfter: filing.later,
    async file(patience) {
      // A filing that is under way may have begun before the last record came, so another one follows.
      await within(filing.ended(), patience, undefined);
      await within(filing.now(), patience, undefined);
    },
    counts: () => ({ ...counts }),
    stop: filing.stop,
  };
}

function sorted(lines: readonly string[]): { torn: string[]; whole: { line: string; told: Told }[] } {
  const read = lines.map((line) => ({ line, told: toldIn(line) }));
  return {
    torn: read.flatMap(({ line, told }) => (told ? [] : [line])),
    whole: read.flatMap(({ line, told }) => (told ? [{ line, told }] : [])),
  };
}

/** What a line tells; null for a line that a full disk has cut off. */
function toldIn(line: string): Told | null {
  try {
    return JSON.parse(line) as Told;
  } catch {
    return null;
  }
}
