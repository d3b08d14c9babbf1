import { safeLine } from '../safe-text.ts';
import type { Ms } from '../time.ts';
import { timeWords } from './numbers.ts';

/** What an operator keeps from leaving. */
type Hold = { until: Ms | null; reason: string | null; who: string; at: Ms };

/** One sentence: since when mail is held, by whom, until when and why. */
export function holdWords({ until, reason, who, at }: Hold): string {
  const end = until === null ? 'until it is released' : `until ${timeWords(until)}`;
  const why = reason === null ? '' : `: ${safeLine(reason).trim().replace(/\.$/, '')}`;
  return `Held since ${timeWords(at)} by ${safeLine(who).trim()}, ${end}${why}.`;
}
