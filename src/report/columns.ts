/** Text in columns. Widths count code points; what is not printable never gets here as more than a space. */

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

/** Columns of these widths; a negative width is a column of words, flush left and cut, with a space behind it. */
export const columns = (rows: readonly (readonly string[])[], widths: readonly number[]): string =>
  rows
    .map((row) =>
      widths
        .map((w, i) => (w < 0 ? `${cut(row[i] ?? '', -w - 1)} ` : align(row[i] ?? '', w)))
        .join('')
        .trimEnd(),
    )
    .join('\n');

/** Breaks at spaces; a word longer than the line is cut into pieces. */
export function wrap(text: string, width = WIDTH, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of clean(text)
    .split(' ')
    .flatMap((w) => pieces(w, width))) {
    if (line !== '' && length(line) + 1 + length(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((l) => indent + l).join('\n');
}

function pieces(word: string, width: number): string[] {
  const all = [...word];
  if (all.length <= width) return [word];
  return Array.from({ length: Math.ceil(all.length / width) }, (_, i) =>
    all.slice(i * width, (i + 1) * width).join(''),
  );
}

/** `12 345` reads as one number in any language; above a million, `12.3M`, so that columns hold. */
export function grouped(n: number): string {
  if (n >= 10_000_000) return `${(n / 1_000_000).toFixed(1)}M`;
  return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ' ');
}
