import { type Check, type CheckName, isOutage } from '../../core/drills.ts';
import { counted, timeTaken } from '../../core/words/numbers.ts';
import { statusAfter, statusDuring } from './banner.ts';
import { copiesIn, resetIn } from './copies.ts';
import { drain } from './drain.ts';
import { failback } from './failback.ts';
import type { Seen, Sent } from './seen.ts';
import { failed, passed, untold, type Verdict } from './verdict.ts';

const CHECKERS: Record<CheckName, (seen: Seen) => Verdict> = {
  accepted,
  failed_over: failedOver,
  one_copy: oneCopy,
  status_during: statusDuring,
  status_after: statusAfter,
  drain,
  failback,
};

/** What was seen, against what was promised. Looks at nothing but what arrived and what the daemon told over HTTP. */
export const checksOf = (seen: Seen): Check[] =>
  (Object.keys(CHECKERS) as CheckName[]).map((check) => ({ check, ...CHECKERS[check](seen) }));

/** The application waits for no provider. */
function accepted({ sent, limits }: Seen): Verdict {
  const during = sent.filter(({ phase }) => phase === 'during');
  const refused = during.filter(({ messageId }) => messageId === null);
  if (during.length === 0) return failed('no mail was queued while the fault lasted');
  if (refused.length > 0) return failed(`${refused.length} of ${counted(during.length, 'mail')} were not taken`);
  const slowest = Math.max(...during.map(({ took }) => took));
  const says = `${counted(during.length, 'mail')} were taken, each within ${timeTaken(slowest)}`;
  return slowest <= limits.accept ? passed(says) : failed(`${says}; ${timeTaken(limits.accept)} are allowed`);
}

function failedOver(seen: Seen): Verdict {
  const { fault, turns, faultFrom, limits } = seen;
  const reset = resetIn(seen);
  const downAt = turns?.find(({ state }) => state === 'down')?.at;
  const noticed = downAt === undefined || faultFrom === null ? null : downAt - faultFrom;
  if (reset === null) return failed('the reset never arrived');
  const arrived = `the reset arrived by ${reset.by === 'mailgun' ? 'Mailgun' : 'the secondary'} ${timeTaken(reset.took)} after it was asked for`;
  if (reset.took > limits.failover) return failed(`${arrived}; ${timeTaken(limits.failover)} are allowed`);
  if (!isOutage(fault)) return passed(arrived);
  if (turns === null) return untold();
  if (noticed === null) return failed(`${arrived}, but Mailgun was never taken to be down`);
  const says = `${arrived}; Mailgun was taken to be down after ${timeTaken(noticed)}`;
  return noticed <= limits.notice ? passed(says) : failed(`${says}; ${timeTaken(limits.notice)} are allowed`);
}

const MOST_NAMED = 3;

function oneCopy(seen: Seen): Verdict {
  const { missing, doubles, swallowed } = copiesIn(seen);
  const taken = seen.sent.filter(({ messageId }) => messageId !== null).length;
  const vanished = swallowed.length === 0 ? '' : `; ${swallowed.length} vanished at Mailgun before anybody could know`;
  if (missing.length + doubles.length === 0)
    return passed(`each of ${counted(taken - swallowed.length, 'mail')} arrived once${vanished}`);
  const parts = [
    ...(doubles.length > 0 ? [`${counted(doubles.length, 'mail')} arrived more than once (${named(doubles)})`] : []),
    ...(missing.length > 0 ? [`${counted(missing.length, 'mail')} did not arrive (${named(missing)})`] : []),
  ];
  return failed(`${parts.join('; ')}${vanished}`);
}

const named = (some: readonly Sent[]): string =>
  `${some
    .slice(0, MOST_NAMED)
    .map(
      ({ class: kind, at, isTraced }) =>
        `${isTraced ? 'the reset' : kind} of ${new Date(at).toISOString().slice(11, 19)}`,
    )
    .join(', ')}${some.length > MOST_NAMED ? ', …' : ''}`;
