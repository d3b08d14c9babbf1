import { storable } from '../core/safe-text.ts';
import { MAX_LINE } from './limits.ts';

/** A text as one line: folds are undone, and a text longer than a line may be is cut and ends with an ellipsis. */
export const oneLine = (text: string): string => storable(text.replace(/[\p{Cc}\s]+/gu, ' ').trim(), MAX_LINE);

/** A field of a header without its folds (RFC 5322, 2.2.3). Programs that keep mail in files end lines with LF alone. */
export const unfolded = (field: string): string => field.replace(/\r?\n(?=[ \t])/g, '');

/** Whether a text holds what no line of a header may: all but the tab, which is as good as a blank. */
export const hasControls = (line: string): boolean => /[^\P{Cc}\t]|\u2028|\u2029/u.test(line);
