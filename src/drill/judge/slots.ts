import type { Slot } from '../../core/drills.ts';
import { type Ms, SECOND } from '../../core/time.ts';
import type { Seen } from './seen.ts';

/** More parts than this can't be told from one another in a picture. */
const MOST = 60;
const LENGTHS: readonly Ms[] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].map((seconds) => seconds * SECOND);

/** The drill in parts of one length. */
export function slotsOf({ startedAt, endedAt, faultFrom, faultUntil, arrivals, looks }: Seen): Slot[] {
  const whole = endedAt - startedAt;
  const length = LENGTHS.find((one) => whole / one <= MOST) ?? Math.ceil(whole / MOST);
  const from = Array.from({ length: Math.ceil(whole / length) }, (_, n) => startedAt + n * length);
  return from.map((at) => {
    const isIn = (one: { at: Ms }) => one.at >= at && one.at < at + length;
    const by = (way: string) => arrivals.filter((one) => one.by === way && isIn(one)).length;
    const waiting = looks.findLast((look) => look.at < at + length && look.waiting !== null)?.waiting ?? 0;
    const sick = faultFrom !== null && at + length > faultFrom && at < (faultUntil ?? endedAt);
    return { at, mailgun: by('mailgun'), secondary: by('secondary'), waiting, sick };
  });
}
