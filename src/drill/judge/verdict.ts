import type { Check } from '../../core/drills.ts';

export type Verdict = Omit<Check, 'check'>;

export const passed = (says: string): Verdict => ({ result: 'passed', says });
export const failed = (says: string): Verdict => ({ result: 'failed', says });
/** What can't be judged without its outages has not passed. */
export const untold = (): Verdict => failed('the daemon did not tell of its outages');
export const notNeeded = (says: string): Verdict => ({ result: 'not_needed', says });
