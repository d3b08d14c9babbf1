import type { Clock } from '../core/time.ts';
import { type Described, describe, snapshot } from './describe.ts';
import { answeredId, isAccepted, noAnswerIn, refusalIn, type SendTracked } from './mailgun.ts';
import { notSent } from './not-sent.ts';
import type { Recorder } from './recorder.ts';
import type { Problem } from './types.ts';

export type TrackDeps = {
  recorder: () => Recorder;
  /** The names of the application's own classes. */
  classes: readonly string[];
  now: Clock;
  onProblem(problem: Problem): void;
};

/**
 * Records that the call is about to be made, makes it, and records what became of it. The caller gets the result or
 * error of the call itself, and waits only for the first record.
 */
export function tracking(deps: TrackDeps): SendTracked {
  return async (domain, data, call) => {
    // Without a domain mailgun.js throws an error of its own.
    if (typeof domain !== 'string') return call(data as Record<string, unknown>);
    const described = await tryDescribe(deps, domain, data);
    if (!described) return call(data as Record<string, unknown>);
    const { wire, record } = described;
    if (!record) return call(wire);
    const recorder = deps.recorder();
    await recorder.before({ ...record, state: 'sending' });
    try {
      const result = await call(wire);
      if (isAccepted(result)) recorder.after({ ...record, state: 'accepted', ...answeredIn(result, record.messageId) });
      return result;
    } catch (error) {
      const refusal = refusalIn(error) ?? notSent(error);
      if (refusal) recorder.after({ ...record, state: 'refused', error: refusal });
      else recorder.after({ ...record, state: 'sending', noAnswer: noAnswerIn(error) });
      throw error;
    }
  };
}

/** Mailgun keeps the id that it was given, as far as is known; if it does not, its events bear the one of its answer. */
function answeredIn(result: unknown, given: string): { answeredId?: string } {
  const id = answeredId(result);
  return id === null || id === given ? {} : { answeredId: id };
}

/** Null when the data can not be copied: then the call itself will say what is wrong. */
async function tryDescribe(deps: TrackDeps, domain: string, data: object): Promise<Described | null> {
  try {
    const described = await describe(domain, snapshot(data), { now: deps.now(), classes: deps.classes });
    for (const detail of described.problems) deps.onProblem({ kind: 'untracked', count: 1, detail });
    return described;
  } catch (error) {
    const detail = `a message could not be read: ${error instanceof Error ? error.name : 'unknown trouble'}`;
    deps.onProblem({ kind: 'untracked', count: 1, detail });
    return null;
  }
}
