import { safeLine } from '../core/safe-text.ts';

/** The last line of what a process said, fit for a sentence. */
export const printableEnd = (text: string): string =>
  safeLine(text.trim().split('\n').at(-1) ?? '', 200).trim() || 'it said nothing';
