import type { Slowness } from './latency.ts';
import { type PutOffAtOnce, receiversWithin } from './receivers.ts';
import { type Ms, SECOND } from './time.ts';

/** What was seen of a provider of late, and of the mail that it took before. */
export type Signs = {
  taken: number;
  /** It was busy, could not be reached, or gave no answer. */
  failed: number;
  /** It refused our account. */
  barred: number;
  /** Applications could not reach it, or heard no answer: it may be their own network. */
  unreached: number;
  /** How long it took to take mail. */
  slowness: Slowness;
  /** Mail that it accepted a while ago: how much, how much of it nothing was heard of since, and by how many recipient domains. */
  accepted: number;
  unheard: number;
  receivers: number;
  putOff: PutOffAtOnce | null;
};

/** By what providers are judged, as the operator has set it. */
export type OutageRules = {
  /** For so long what was seen counts. */
  window: Ms;
  /** Within so long it is noticed that accepted mail is not heard of. */
  silence: Ms;
  /** So many failed hand-overs are an outage, if they are this part of all. */
  least: number;
  share: number;
  /** For how long one that was down must look normal before mail comes back. */
  steady: Ms;
  /** Of a hundred mails so many are handed to it in each step of its return; the last is 100. */
  canary: readonly number[];
};

/** How our own calls to it went, what others say of it, and whether somebody else could take its mail. */
export type Setting = Pick<OutageRules, 'window' | 'silence' | 'least' | 'share'> & {
  probesFailed: number;
  hints: readonly string[];
  hasOthers: boolean;
};

/** Mail that was accepted so long ago has been heard of, if all is well. */
export const heardAfter = (silence: Ms): Ms => silence / 2;

const LEAST_BARRED = 3;
const LEAST_PROBES = 3;
const LEAST_PROBES_IN_DOUBT = 2;
const LEAST_RECEIVERS = 3;
const LEAST_SLOW = 5;
/** Mail may be late for its receiver's sake, so more of it has to be. */
export const leastUnheard = ({ least }: Pick<OutageRules, 'least'>): number => 2 * least;
/** GOV.UK Notify takes a provider for slow from this part on. */
const SLOW_PART = 0.15;

/**
 * What speaks against a provider, and is no outage by itself: it is doubted, and less of other signs is enough. Mail that is
 * taken slowly is late by seconds, and what takes too long counts as failed. Mail that is put off is tried again by the
 * provider, and it may be our mail that nobody wants.
 */
export const doubtsIn = ({ slowness, putOff }: Signs, { window }: Setting): string[] => [
  ...(isSlow(slowness) ? [slowWords(slowness, window)] : []),
  ...(putOff ? [putOffWords(putOff, window)] : []),
];

const isSlow = ({ timed, slow }: Slowness): boolean => slow >= LEAST_SLOW && slow >= SLOW_PART * timed;

const slowWords = ({ timed, slow, limit }: Slowness, window: Ms): string =>
  `${slow} of ${timed} hand-overs within ${inSeconds(window)} took longer than ${inSeconds(limit)}`;

const putOffWords = ({ receivers, putOff, heard, worst }: PutOffAtOnce, window: Ms): string =>
  `${receivers} receivers, ${worst} most of all, put off ${putOff} of ${heard} mails within ${inSeconds(receiversWithin(window))}`;

/** What others say: it counts as little as a doubt, and does not keep a provider away that is well by our own signs. */
export const hintsIn = ({ unreached, taken }: Signs, { window, hints }: Setting): string[] => [
  ...hints,
  ...(unreached > taken ? [`applications could not reach it ${unreached} times within ${inSeconds(window)}`] : []),
];

/** What speaks for an outage, from a cluster of signs and never from one; null when nothing does. */
export function evidenceIn(signs: Signs, setting: Setting): string | null {
  const { window, silence, least, share, probesFailed, hasOthers } = setting;
  const { taken, failed, barred, accepted, unheard, receivers } = signs;
  const doubts = [...doubtsIn(signs, setting), ...hintsIn(signs, setting)];
  const isDoubted = doubts.length > 0;
  const isMuch = (part: number, whole: number) => part >= whole * (isDoubted ? share / 2 : share);
  const all = (evidence: string) => [evidence, ...doubts].join('; ');
  if (barred >= LEAST_BARRED && taken === 0)
    return all(`it refused our account ${barred} times within ${inSeconds(window)}`);
  if (failed >= least && isMuch(failed, taken + failed)) return all(failedWords(signs, window));
  if (probesFailed >= (isDoubted ? LEAST_PROBES_IN_DOUBT : LEAST_PROBES) && taken === 0)
    return all(`${probesFailed} of our own calls in a row failed`);
  // Nothing is gained by holding back what nobody else could take, and what may only be late.
  const isSilent =
    hasOthers && unheard >= leastUnheard(setting) && isMuch(unheard, accepted) && receivers >= LEAST_RECEIVERS;
  if (!isSilent) return null;
  return all(
    `of ${accepted} mails that it accepted ${unheard} were not heard of for ${inSeconds(heardAfter(silence))} and more`,
  );
}

export const failedWords = ({ taken, failed }: Signs, window: Ms): string =>
  `${failed} of ${taken + failed} hand-overs within ${inSeconds(window)} failed or got no answer`;

export const inSeconds = (length: Ms): string => `${Math.round(length / SECOND)} s`;
