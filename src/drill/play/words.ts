import type { Fault } from '../../core/drills.ts';
import { lengthWords, timeTaken } from '../../core/words/numbers.ts';
import type { DrillPlan } from './stage.ts';

const BEGINS: Record<Fault, (plan: DrillPlan) => string> = {
  down: () => 'goes away: nobody answers there any more',
  slow: ({ pace }) => `becomes slow: each answer takes ${timeTaken(pace.delay)} longer`,
  'accepts-but-silent': () => 'takes mail and does not send it',
  '5xx-after-accept': () => 'takes mail and answers 502',
  '429': ({ pace }) => `answers 429 and wants to be left alone for ${pace.retryAfter} s`,
  half: () => 'answers every second mail with 503',
};

export const beginWords = (plan: DrillPlan): string => `${BEGINS[plan.fault](plan)}, for ${lengthWords(plan.lasts)}`;

export const endWords = ({ fault }: DrillPlan): string => (fault === 'down' ? 'is there again' : 'is well again');
