import type { Unwell } from '../health.ts';
import { safeLine } from '../safe-text.ts';
import type { Ms } from '../time.ts';
import { timeWords } from './numbers.ts';
import { unwellWords } from './outages.ts';

/** What an operator keeps from leaving. */
type Hold = { until: Ms | null; reason: string | null; who: string; at: Ms };

/** What keeps a mail from leaving: an operator, or that providers are down. */
export type Keeping = { hold: Hold } | { unwell: readonly Unwell[] };

export const keepingWords = (keeping: Keeping): string =>
  'hold' in keeping ? holdWords(keeping.hold) : `It waits because ${keeping.unwell.map(unwellWords).join(', and ')}.`;

/** One sentence: since when mail is held, by whom, until when and why. */
function holdWords({ until, reason, who, at }: Hold): string {
  const end = until === null ? 'until it is released' : `until ${timeWords(until)}`;
  const why = reason === null ? '' : `: ${safeLine(reason).trim().replace(/\.$/, '')}`;
  return `Held since ${timeWords(at)} by ${safeLine(who).trim()}, ${end}${why}.`;
}
