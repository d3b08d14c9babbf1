import { isOutage } from '../../core/drills.ts';
import { timeTaken } from '../../core/words/numbers.ts';
import type { Seen, Turn } from './seen.ts';
import { failed, notNeeded, passed, untold, type Verdict } from './verdict.ts';

const downs = (turns: readonly Turn[]): Turn[] => turns.filter(({ state }) => state === 'down');

export const isHealthy = ({ state }: Pick<Turn, 'state'>): boolean => state === 'healthy';

/** The provider comes back in steps that grow, once, and is not sent away again. */
export function failback({ fault, turns, faultUntil, limits }: Seen): Verdict {
  if (turns === null) return untold();
  const wasDown = turns.some(({ state }) => state === 'down');
  if (!wasDown)
    return isOutage(fault) ? failed('Mailgun was never taken to be down') : notNeeded('Mailgun was never sent away');
  const after = turns.filter(({ at }) => faultUntil !== null && at >= faultUntil);
  const back = after.find(isHealthy);
  // What was noticed late is no second time.
  if (downs(after).length > (downs(turns).length > downs(after).length ? 0 : 1))
    return failed('Mailgun was taken to be down again after the fault had ended');
  if (!back)
    return isHealthy(turns.at(-1) ?? { state: '' })
      ? passed('Mailgun had all mail again before the fault ended')
      : failed('Mailgun did not get all mail again');
  const shares = after.filter(({ state }) => state === 'recovering').map(({ share }) => share);
  if (shares.some((share, n) => share <= (shares[n - 1] ?? 0)))
    return failed(`its steps did not grow: ${shares.join(', ')}`);
  const took = back.at - (faultUntil ?? back.at);
  const says = `${shares.length === 0 ? 'Mailgun got all mail at once' : `Mailgun got ${shares.join(', ')} and then 100 of 100 mails`}, ${timeTaken(took)} after the end`;
  if (took > limits.calm) return failed(`${says}; ${timeTaken(limits.calm)} are allowed`);
  return passed(says);
}
