import { AppError } from '../base/errors.ts';
import { within } from '../base/wait.ts';
import { type Ms, SECOND } from '../core/time.ts';

/** Does a call, but not beside another one of that name. */
export type OneAtATime = <T>(name: string | null, call: () => Promise<T>) => Promise<T>;

const PATIENCE: Ms = 2 * SECOND;

/**
 * A call whose name is in progress here waits for that one, because its answer is most often a matter of milliseconds, and is
 * refused as `in_progress` when it takes longer. What other daemons have in progress the store decides.
 */
export function createOneAtATime(patience: Ms = PATIENCE): OneAtATime {
  const inProgress = new Map<string, Promise<unknown>>();

  async function first<T>(name: string, call: () => Promise<T>): Promise<T> {
    const doing = call();
    const ended = doing.catch(() => {});
    inProgress.set(name, ended);
    return doing.finally(() => inProgress.delete(name));
  }

  return async (name, call) => {
    if (name === null) return call();
    const other = inProgress.get(name);
    if (!other) return first(name, call);
    const hasEnded = await within(
      other.then(() => true),
      patience,
      false,
    );
    if (!hasEnded) throw new AppError('in_progress', 'a call with this Idempotency-Key is in progress');
    return call();
  };
}
