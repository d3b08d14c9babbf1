/** Breaks text into lines of at most `width` characters between words; further lines of a paragraph are indented more. */
export function wrapped(text: string, width = 76, hang = '             '): string {
  return text
    .split('\n')
    .map((line) => wrapLine(line, width, hang))
    .join('\n');
}

function wrapLine(line: string, width: number, hang: string): string {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > width) {
    const cut = rest.lastIndexOf(' ', width);
    // A word that is longer than the line stays whole: addresses and ids are there to be copied.
    if (cut <= hang.length) break;
    lines.push(rest.slice(0, cut));
    rest = hang + rest.slice(cut + 1);
  }
  return [...lines, rest].join('\n');
}
