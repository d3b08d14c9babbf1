import { DAY, type Ms } from '../time.ts';
import { allTries, blockRate, dayOf, type Sending, type Tries, triedIn } from './sendings.ts';

/**
 * From so much mail on an address of one's own is known to receivers: 5,000 a day on three days of a week
 * (mandrill.zendesk.com, "Should I use a dedicated IP?"), and 100,000 a month (help.mailtrap.io, "IP Warmup"). Mailgun names no number.
 */
export const ENOUGH_A_DAY = 5000;
export const DAYS_A_WEEK = 3;
export const ENOUGH_A_MONTH = 100_000;
/** A smaller share of refusals is not worth an address of one's own: the same yardstick as in the report. */
export const WORTH_IT = 0.005;
/** Fewer days or tries say nothing. */
export const LEAST_DAYS = 14;
export const LEAST_TRIES = 1000;
export const WEEKS = 4;

export type OwnAddress = {
  advice:
    | 'not_enough' // figures
    | 'has_own' // all of it leaves from addresses that nobody else uses
    | 'too_little' // mail, or not steady enough
    | 'no_need' // enough mail, and hardly any is refused for the shared addresses
    | 'worth_it';
  /** Days with figures. */
  days: number;
  /** Mail of the last weeks that ended, from shared addresses, and what became of it. */
  shared: Tries;
  /** The mean of the days with figures. */
  perDay: number;
  /** Weeks in which enough days had enough mail. */
  steadyWeeks: number;
  /** The share of tries that were refused for a shared address; null without any. */
  blocked: number | null;
};

/** What our own figures say about an IP address of one's own. `dedicated` are those that the account has to itself. */
export function ownAddress(all: readonly Sending[], dedicated: ReadonlySet<string>, now: Ms): OwnAddress {
  const today = dayOf(now);
  // Of today there is not all yet.
  const known = all.filter(({ day }) => day < today && day >= today - WEEKS * 7 * DAY);
  const shared = known.filter(({ ip }) => !dedicated.has(ip));
  const perDay = new Map<Ms, number>();
  for (const one of known) perDay.set(one.day, (perDay.get(one.day) ?? 0) + one.arrived + one.failed);
  const steadyWeeks = Array.from({ length: WEEKS }, (_, week) => {
    const until = today - week * 7 * DAY;
    return [...perDay].filter(([day, n]) => day < until && day >= until - 7 * DAY && n >= ENOUGH_A_DAY).length;
  }).filter((days) => days >= DAYS_A_WEEK).length;
  const sum = [...perDay.values()].reduce((before, n) => before + n, 0);
  const figures = {
    ...{ days: perDay.size, shared: allTries(shared), steadyWeeks },
    perDay: perDay.size === 0 ? 0 : Math.round(sum / perDay.size),
    blocked: blockRate(allTries(shared)),
  };
  return { ...figures, advice: adviceFor(figures, { sum, tries: triedIn(allTries(known)) }) };
}

function adviceFor(
  { days, shared, steadyWeeks, blocked }: Omit<OwnAddress, 'advice'>,
  { sum, tries }: { sum: number; tries: number },
): OwnAddress['advice'] {
  if (days < LEAST_DAYS || tries < LEAST_TRIES) return 'not_enough';
  if (triedIn(shared) === 0) return 'has_own';
  if (sum < ENOUGH_A_MONTH || steadyWeeks < WEEKS - 1) return 'too_little';
  return (blocked ?? 0) >= WORTH_IT ? 'worth_it' : 'no_need';
}
