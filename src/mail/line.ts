import { MAX_LINE } from './limits.ts';

/** A text as one line: what was folded is unfolded, and what is longer than a line may be is cut and ends with a mark. */
export function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  if (line.length <= MAX_LINE) return line;
  // Not within a pair of surrogates, which a database would not keep.
  const cut = line.slice(0, MAX_LINE - 1).replace(/[\ud800-\udbff]$/, '');
  return `${cut}…`;
}
