/** Text in columns. Widths count code points; what is not printable never gets here as more than a space. */

import { wrap as wrapLine } from '../../core/words/wrap.ts';

export const WIDTH = 80;

const clean = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
const length = (text: string): number => [...text].length;

/** Cut to the width, with an ellipsis where something was cut. */
export function cut(text: string, width: number): string {
  const printable = clean(text);
  return (length(printable) > width ? `${[...printable].slice(0, width - 1).join('')}…` : printable).padEnd(width);
}

/** To the right; never cut, as a number that is cut is a lie. */
export const align = (text: string, width: number): string => text.padStart(width);

export type Cell = string | number;

/** Columns of these widths; a negative width is a column of words, flush left and cut, with a space behind it. */
export const columns = (rows: readonly (readonly Cell[])[], widths: readonly number[]): string =>
  rows
    .map((row) =>
      widths
        .map((w, i) => (w < 0 ? `${cut(String(row[i] ?? ''), -w - 1)} ` : align(figure(row[i] ?? '', w - 1), w)))
        .join('')
        .trimEnd(),
    )
    .join('\n');

/** A number that has no room is rounded, and says so by its letter. */
export function figure(cell: Cell, room: number): string {
  if (typeof cell === 'string') return cell;
  const forms = [grouped(cell), short(cell, 1), short(cell, 0)];
  return forms.find((f) => f.length <= room) ?? short(cell, 0);
}

const short = (n: number, digits: number): string =>
  n >= 999_500 ? `${(n / 1_000_000).toFixed(digits)}M` : `${(n / 1000).toFixed(digits)}k`;

/** Breaks at spaces; a word longer than the line is cut into pieces. */
export const wrap = (text: string, width = WIDTH, indent = ''): string =>
  wrapLine(indent + clean(text), { width: width + indent.length, hang: indent, cutsWords: true });

/** `12 345` reads as one number in any language. */
export const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ' ');
