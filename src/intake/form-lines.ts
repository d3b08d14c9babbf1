import type { FormEntry } from '../mail/form.ts';
import { unfolded } from '../mail/line.ts';

const LINES = new Set(['from', 'to', 'cc', 'bcc', 'subject']);

/** Whether a field goes into the header of the mail. */
export const isLine = (name: string): boolean => LINES.has(name) || /^h:/i.test(name);

/** A form in which nothing of the header is folded, as it is where it was copied from a whole mail. */
export const withoutFolds = (form: readonly FormEntry[]): FormEntry[] =>
  form.map(([name, value]) => [name, typeof value === 'string' && isLine(name) ? unfolded(value) : value]);
