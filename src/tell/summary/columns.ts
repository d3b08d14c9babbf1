// Text in columns. Widths count code points; what is not printable never gets here as more than a space.

import { safeLine, shortened } from '../../core/safe-text.ts';
import { many } from '../../core/words/numbers.ts';
import { wrap as wrapLine } from '../../core/words/wrap.ts';

export const WIDTH = 80;

export type Cell = string | number;

/** A column and how a cell of it is set: the lines it takes, each as wide as the column. */
export type Column = { width: number; set: (cell: Cell, width: number) => string[] };

/** Names, flush left with a space behind, cut where they are too long. */
export const names = (width: number): Column => ({ width, set: (cell, w) => [`${cut(String(cell), w - 1)} `] });

/**
 * Words, flush left with a space behind, on as many lines as they need. They are not cut, because half a reason may
 * mean something else.
 */
export const words = (width: number): Column => ({
  width,
  set: (cell, w) =>
    wrap(String(cell), w - 1)
      .split('\n')
      .map((line) => line.padEnd(w)),
});

/** Numbers, flush right and never cut, because a part of a number is a wrong number. */
export const figures = (width: number): Column => ({ width, set: (cell, w) => [align(figure(cell, w - 1), w)] });

export function columns(rows: readonly (readonly Cell[])[], layout: readonly Column[]): string {
  return rows.flatMap((row) => linesOf(row, layout)).join('\n');
}

function linesOf(row: readonly Cell[], layout: readonly Column[]): string[] {
  const cells = layout.map(({ width, set }, i) => set(row[i] ?? '', width));
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, n) =>
    cells
      .map((lines, i) => lines[n] ?? ' '.repeat(layout[i]?.width ?? 0))
      .join('')
      .trimEnd(),
  );
}

/** Cut to the width, with an ellipsis where something was cut. */
export function cut(text: string, width: number): string {
  const fitting = shortened(safeLine(text), width);
  return fitting + ' '.repeat(Math.max(0, width - [...fitting].length));
}

export const align = (text: string, width: number): string => text.padStart(width);

/** A number that has no room is rounded, and says so by its letter. */
export function figure(cell: Cell, room: number): string {
  if (typeof cell === 'string') return cell;
  const forms = [many(cell), short(cell, 1), short(cell, 0)];
  return forms.find((f) => f.length <= room) ?? short(cell, 0);
}

const short = (n: number, digits: number): string =>
  n >= 999_500 ? `${(n / 1_000_000).toFixed(digits)}M` : `${(n / 1000).toFixed(digits)}k`;

/** Breaks at spaces; a word longer than the line is cut into pieces. */
export const wrap = (text: string, width = WIDTH, indent = ''): string =>
  wrapLine(indent + safeLine(text), { width: width + indent.length, hang: indent, cutsWords: true });
