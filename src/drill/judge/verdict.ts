import type { Check } from '../../core/drills.ts';

export type Verdict = Omit<Check, 'check'>;

export const passed = (says: string): Verdict => ({ result: 'passed', says });
export const failed = (says: string): Verdict => ({ result: 'failed', says });
export const notNeeded = (says: string): Verdict => ({ result: 'not_needed', says });
