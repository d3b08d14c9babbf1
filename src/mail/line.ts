import { MAX_LINE } from './limits.ts';

/** A text as one line: folds are undone, and a text longer than a line may be is cut and ends with an ellipsis. */
export function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  if (line.length <= MAX_LINE) return line;
  // Half of a surrogate pair is removed: a database would not keep it.
  const cut = line.slice(0, MAX_LINE - 1).replace(/[\ud800-\udbff]$/, '');
  return `${cut}…`;
}
