import type { Classified, Threshold, Warmup } from '../care/account.ts';
import {
  DAYS_A_WEEK,
  ENOUGH_A_DAY,
  ENOUGH_A_MONTH,
  LEAST_DAYS,
  LEAST_TRIES,
  type OwnAddress,
  WEEKS,
  WORTH_IT,
} from '../care/own-address.ts';
import { blockRate, complaintRate, deliveryRate, type Tries, triedIn } from '../care/sendings.ts';
import type { Rate } from '../pace.ts';
import { HOUR, type Ms, SECOND } from '../time.ts';
import { counted, lengthWords, many, percent } from './numbers.ts';

const rate = (share: number | null): string => (share === null ? '–' : percent(share));

/** "1 234 tries, 98.0 % delivered, 1.2 % refused for the address (12 named it)" */
export function triesWords(tries: Tries): string {
  const named = tries.named === 0 ? '' : ` (${many(tries.named)} named it)`;
  const complaints = tries.complained === 0 ? '' : `, ${rate(complaintRate(tries))} complained about`;
  return `${counted(triedIn(tries), 'try', 'tries')}, ${rate(deliveryRate(tries))} delivered, ${rate(blockRate(tries))} refused for the address${named}${complaints}`;
}

export function warmupWords({ ip, stage, stages, sentInStage, stageLimit, hourlyLimit }: Warmup): string {
  const of = stages === null ? '' : ` of ${stages}`;
  const sent = sentInStage === null ? '' : `, ${percent(sentInStage)} of it sent`;
  const limits = [
    ...(stageLimit === null ? [] : [`${many(stageLimit)} in the stage`]),
    ...(hourlyLimit === null ? [] : [`${many(hourlyLimit)} an hour`]),
  ];
  return `${ip} warms up: stage ${stage}${of}${sent}${limits.length > 0 ? ` (${limits.join(', ')})` : ''}`;
}

export const behindWords = (warmup: Warmup, now: Ms): string =>
  `${warmupWords(warmup)}, since ${lengthWords(now - (warmup.stageSince ?? now))}`;

export const onCourseWords = (warmup: Warmup, isOver: boolean): string =>
  isOver ? `the warm-up of ${warmup.ip} is over` : warmupWords(warmup);

export const paceWords = ({ provider, perSecond }: Rate): string =>
  `${provider} warms up an IP address: bulk leaves at ${many(Math.round((perSecond * HOUR) / SECOND))} an hour at most`;

export function ownAddressWords({ advice, days, perDay, steadyWeeks, blocked, shared }: OwnAddress): string {
  const volume = `${many(perDay)} mails a day, and ${steadyWeeks} of ${WEEKS} weeks with ${many(ENOUGH_A_DAY)} on ${DAYS_A_WEEK} days`;
  const refused = `${rate(blocked)} of the tries from shared addresses were refused for the address (${many(shared.named)} named it)`;
  switch (advice) {
    case 'not_enough':
      return `not enough figures: ${counted(days, 'day')} of at least ${LEAST_DAYS}, and ${many(LEAST_TRIES)} tries are needed`;
    case 'has_own':
      return 'all mail leaves from addresses that are yours alone';
    case 'too_little':
      return `stay with the shared addresses: ${volume}. An address of your own needs ${many(ENOUGH_A_MONTH)} mails a month, ${many(ENOUGH_A_DAY)} on ${DAYS_A_WEEK} days of a week, or receivers do not get to know it. ${refused}`;
    case 'no_need':
      return `no need: ${volume}, but only ${refused}; below ${percent(WORTH_IT)} an address of your own gains little`;
    case 'worth_it':
      return `an address of your own is worth it: ${volume}, and ${refused}. It has to warm up first`;
  }
}

export const thresholdWords = ({ name, metric, comparator, limit, period, triggered, latest }: Threshold): string =>
  `"${name}": ${metric} ${comparator} ${limit}${period === null ? '' : ` in ${period}`}: ${triggered ? `RINGS${latest === null ? '' : ` at ${latest}`}` : 'quiet'}`;

export const classifiedWords = ({ entity, delivered, ...one }: Classified): string =>
  `${entity}: ${many(delivered)} delivered, ${many(one.criticalBounces)} critical and ${many(one.otherBounces)} other bounces, ${many(one.criticalDelays)} and ${many(one.otherDelays)} delays`;

/** How a mail that arrived lets its recipient unsubscribe, by RFC 8058. */
export function receivedWords({ by, signed }: { by: 'one-click' | 'link' | 'none'; signed: boolean | null }): string[] {
  const header = {
    'one-click': 'It can be unsubscribed from with one click.',
    link: 'It has List-Unsubscribe, but not for one click: that takes an https link, and List-Unsubscribe-Post: List-Unsubscribe=One-Click.',
    none: 'It has no List-Unsubscribe.',
  };
  const signature =
    signed === null
      ? 'It has no DKIM signature.'
      : signed
        ? 'A DKIM signature covers both fields; whether it is right only the receiver can tell.'
        : 'No DKIM signature covers both fields, so receivers must not believe them: ask who signs to name them in h=.';
  return [header[by], signature];
}
