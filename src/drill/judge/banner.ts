// What people are told while it lasts, and after.
import { isOutage } from '../../core/drills.ts';
import { SECOND } from '../../core/time.ts';
import { timeTaken } from '../../core/words/numbers.ts';
import type { Look, Seen } from './seen.ts';
import { isFine, type Status, saysCalm } from './status.ts';
import { failed, notNeeded, passed, type Verdict } from './verdict.ts';

/** From the moment at which trouble shows until the fault ends, the status tells of it. */
export function statusDuring(seen: Seen): Verdict {
  const { fault, faultUntil, limits, looks } = seen;
  const from = troubleFrom(seen);
  if (from === null) return notNeeded('nobody had to wait, and nothing went out by the secondary');
  const window = looks.filter(({ askedAt, at }) => askedAt >= from + limits.status && at <= (faultUntil ?? at));
  if (window.length === 0 && !isOutage(fault) && faultUntil !== null && faultUntil <= from + limits.status)
    return notNeeded('what showed at the very end was over before the status had to tell of it');
  if (window.length === 0) return failed('the fault was over before the status had to tell of it: let it last longer');
  const silent = window.filter(({ status }) => status === null);
  if (silent.length > 0) return failed(`the status gave no answer at ${silent.length} of ${window.length} looks`);
  const wrong = window.find(({ status }) => status !== null && !tellsOfTrouble(status, calmSentence(seen)));
  if (wrong?.status)
    return failed(
      `${timeTaken(wrong.at - from)} after the trouble had begun the status said: "${wrong.status.sentence}"`,
    );
  return passed(`it said: "${window.at(-1)?.status?.sentence}"`);
}

type TroubleSeen = Pick<Seen, 'fault' | 'faultFrom' | 'limits' | 'turns' | 'sent' | 'arrivals'>;

/** From when on resets go out by the secondary, or nowhere; null when neither is so. */
export function troubleFrom({ fault, faultFrom, limits, turns, sent, arrivals }: TroubleSeen): number | null {
  if (faultFrom === null) return null;
  const access = new Set(
    sent.flatMap(
      ({ messageId, class: kind, phase }) => (kind === 'access' && phase === 'during' ? messageId : []) ?? [],
    ),
  );
  const byOther = arrivals.find(({ messageId, by }) => by === 'secondary' && access.has(messageId));
  const down = turns?.find(({ state }) => state === 'down');
  if (byOther) return byOther.at;
  if (down) return down.at;
  return isOutage(fault) ? faultFrom + limits.notice : null;
}

const calmSentence = ({ looks, faultFrom }: Seen): string | null =>
  looks.findLast(({ at }) => faultFrom !== null && at < faultFrom)?.status?.sentence ?? null;

const tellsOfTrouble = (status: Status, calm: string | null): boolean =>
  !isFine(status, 'access') && status.since !== null && status.sentence !== calm;

/** What was told does not outlast what it was about. */
export function statusAfter({ looks, faultUntil, limits }: Seen): Verdict {
  const after = looksAfter({ looks, faultUntil });
  const last = after.findLast(({ status }) => status !== null);
  if (faultUntil === null || !last?.status) return failed('the status gave no answer after the fault had ended');
  const calm = calmSince({ looks, faultUntil });
  if (calm === null)
    return failed(`${timeTaken(last.at - faultUntil)} after the end it still said: "${last.status.sentence}"`);
  const says = `it said "${last.status.sentence}" ${timeTaken(Math.max(0, calm - faultUntil))} after the end`;
  return calm - faultUntil <= limits.calm + SECOND
    ? passed(says)
    : failed(`${says}; ${timeTaken(limits.calm)} are allowed`);
}

/** From when on it told of nothing any more; null when it told of something to the end. */
export function calmSince(seen: Pick<Seen, 'looks' | 'faultUntil'>): number | null {
  const told = looksAfter(seen).filter(({ status }) => status !== null);
  const lastTrouble = told.findLastIndex(({ status }) => status !== null && !saysCalm(status));
  return told[lastTrouble + 1]?.at ?? null;
}

const looksAfter = ({ looks, faultUntil }: Pick<Seen, 'looks' | 'faultUntil'>): Look[] =>
  looks.filter(({ askedAt }) => faultUntil !== null && askedAt >= faultUntil);
