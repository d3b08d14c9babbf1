import { planWords } from '../core/words/plans.ts';
import type { Effect, Ruling } from './replay.ts';

export const EFFECT_WORDS: Record<Effect, string> = {
  retried: planWords('retry'),
  retried_later: planWords('wait'),
  switched: planWords('switch'),
  stopped: planWords('stop'),
  suppressed: 'address suppressed',
  to_mend: 'yours to mend',
};

export const rulingWords = (r: Ruling): string =>
  `${r.decision} (${r.cause}, rule ${r.rule}): ${planWords(r.plan)}${r.suppress === null ? '' : ', address suppressed'}`;
