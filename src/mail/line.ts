import { storable } from '../core/safe-text.ts';
import { MAX_LINE } from './limits.ts';

/** A text as one line: folds are undone, and a text longer than a line may be is cut and ends with an ellipsis. */
export const oneLine = (text: string): string => storable(text.replace(/[\p{Cc}\s]+/gu, ' ').trim(), MAX_LINE);
