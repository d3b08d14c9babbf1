import { safeLine } from '../core/safe-text.ts';

/** UTF-8 with a byte order mark, without which Excel assumes another encoding. */
export const CSV_OPTIONS = {
  header: true,
  bom: true,
  record_delimiter: 'windows',
  // All cells are quoted, because a separator of another locale would split one that is not.
  quoted_string: true,
} as const;

/** Characters with which a spreadsheet begins a formula, in both widths, also behind spaces and quotes. */
const FORMULA = /^[\s\p{Cc}\p{Cf}'"`]*[=+\-@|%＝＋－＠]|^[\t\r\n\0]/u;

/**
 * A cell that a spreadsheet shows and does not compute, in one line of `most` characters. csv-stringify's own escape looks
 * at the first character alone, and a space before it is enough to get past.
 */
export function disarm(cell: string | number, { most }: { most?: number } = {}): string | number {
  if (typeof cell === 'number') return cell;
  const text = safeLine(cell, most);
  return FORMULA.test(cell) || FORMULA.test(text) ? `'${text}` : text;
}
