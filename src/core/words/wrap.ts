export type Lines = {
  /** The columns of a line. */
  width: number;
  /** What every line but the first begins with. Within as many columns the first is not broken: its label stands there. */
  hang?: string;
  /** A word that no line has room for is cut into pieces; else it stays whole, as addresses and ids are there to be copied. */
  cutsWords?: boolean;
};

/** Breaks one line of text into several, at its spaces. */
export function wrap(text: string, { width, hang = '', cutsWords = false }: Lines): string {
  const lines: string[] = [];
  let line = '';
  for (const { space, word } of wordsIn(text, cutsWords ? width - hang.length : Number.POSITIVE_INFINITY)) {
    const isFull = columnsOf(line) + columnsOf(space + word) > width;
    if (isFull && columnsOf(line) > hang.length) {
      lines.push(line);
      line = hang + word;
    } else line += space + word;
  }
  return [...lines, line].join('\n');
}

type Word = { space: string; word: string };

const wordsIn = (text: string, longest: number): Word[] =>
  [...text.matchAll(/( *)([^ ]+)/g)].flatMap(([, space = '', word = '']) =>
    pieces(word, longest).map((piece, i) => ({ space: i === 0 ? space : ' ', word: piece })),
  );

function pieces(word: string, longest: number): string[] {
  const letters = [...word];
  if (letters.length <= longest) return [word];
  return Array.from({ length: Math.ceil(letters.length / longest) }, (_, i) =>
    letters.slice(i * longest, (i + 1) * longest).join(''),
  );
}

const columnsOf = (text: string): number => [...text].length;
