import { type Clock, MINUTE, type Ms } from '../core/time.ts';
import { isLasting } from './errors.ts';
import type { HomingError } from './homing-error.ts';
import type { Take } from './patient-store.ts';
import type { Problem } from './types.ts';

export type OnProblem = (problem: Problem) => void;

/** Tells of problems as warnings of the process, once a minute at most for each kind. */
export function warner(now: Clock): OnProblem {
  const told = new Map<string, Ms>();
  return ({ kind, detail }) => {
    if (now() - (told.get(kind) ?? Number.NEGATIVE_INFINITY) < MINUTE) return;
    told.set(kind, now());
    process.emitWarning(`${kind}: ${detail}`, 'HomingWarning');
  };
}

/** An application's own function may throw or reject, which must not harm the mail. */
export function harmless(tell: (problem: Problem) => unknown): OnProblem {
  return (problem) => {
    try {
      Promise.resolve(tell(problem)).catch(() => {});
    } catch {
      // The function that problems are told to has failed, so there is nobody to tell.
    }
  };
}

/** Says what the store will never take. */
export function tellingRefusals(take: Take, onProblem: OnProblem): Take {
  return async (records) => {
    const verdicts = await take(records);
    const refused = verdicts.flatMap((verdict) => (verdict.ok ? [] : [verdict.why]));
    const detail = `the store will not take it: ${refused[0]}`;
    if (refused.length > 0) onProblem({ kind: 'refused', count: refused.length, detail });
    return verdicts;
  };
}

/** Whether the store could be used lately, and what is said when it could not. */
export type Trouble = {
  isThere(): boolean;
  /** The store failed. This is told once, at the beginning of an outage. */
  begin(error: HomingError): void;
  /** A record goes to the spool. If somebody has to mend a setting first, this is told for each record. */
  hold(): void;
  end(): void;
};

export function createTrouble(onProblem: OnProblem): Trouble {
  let error: HomingError | null = null;
  return {
    isThere: () => error !== null,
    begin(found) {
      if (!error && !isLasting(found)) onProblem({ kind: 'spooled', count: 1, detail: found.message });
      error = found;
    },
    hold() {
      if (error && isLasting(error)) onProblem({ kind: 'misconfigured', count: 1, detail: error.message });
    },
    end() {
      error = null;
    },
  };
}
