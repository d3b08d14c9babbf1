import { DAY, type Ms } from '../time.ts';

/** What a look has come to: `unsure` tells nothing, and changes nothing. */
export type Verdict = 'well' | 'ill' | 'unsure';

/** How something stands by all looks so far. */
export type Standing = {
  /** What was known for sure last, and since when; null while nothing was. */
  known: 'well' | 'ill' | null;
  since: Ms | null;
  /** When it was last known to be well. */
  wellAt: Ms | null;
  /** Whether somebody was told that it is ill. */
  told: boolean;
};

export const UNKNOWN: Standing = { known: null, since: null, wellAt: null, told: false };

/** It is old news how something stood that was not looked at for so long. */
export const CURRENT_FOR: Ms = 3 * DAY;

/** How something stands that was out of sight: what was told of it is over by then, and is news if it is still so. */
export const outOfSight = (before: Standing): Standing =>
  before.told ? { ...before, known: 'well', told: false } : before;

/**
 * How it stands after a look, and what is news: that it is ill, once, and that it is well again, if the other was told.
 * `firstIsNews` says whether it is news that something is ill which nobody has ever seen well.
 */
export function after(
  before: Standing,
  { verdict, at, firstIsNews }: { verdict: Verdict; at: Ms; firstIsNews: boolean },
): { standing: Standing; news: 'ill' | 'well' | null } {
  if (verdict === 'unsure') return { standing: before, news: null };
  const since = before.known === verdict ? before.since : at;
  if (verdict === 'well')
    return { standing: { known: 'well', since, wellAt: at, told: false }, news: before.told ? 'well' : null };
  const isNews = !before.told && (before.known === 'well' || (before.known === null && firstIsNews));
  return {
    standing: { known: 'ill', since, wellAt: before.wellAt, told: before.told || isNews },
    news: isNews ? 'ill' : null,
  };
}
