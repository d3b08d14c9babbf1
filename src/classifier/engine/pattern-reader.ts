/** Reads that part of regular expressions which rules may use; the rest is refused with a reason. */

export type Node =
  | { kind: 'char' /** null for a class */; literal: string | null; nonBlank: boolean }
  | { kind: 'edge' } // takes no text: ^, $, \b, a look-ahead
  | { kind: 'seq'; parts: Node[] }
  | { kind: 'alt'; options: Node[] }
  | { kind: 'repeat'; of: Node; min: number; max: number };

/** Longest stretch that one repetition may cover. */
const MOST_REPEATS = 200;
const MOST_LENGTH = 4_000;
const DEEPEST = 12;

type Reader = { source: string; at: number; depth: number };

export class UnsafePattern extends Error {}

export function readPattern(source: string): Node {
  if (source.length > MOST_LENGTH) throw new UnsafePattern(`longer than ${MOST_LENGTH} characters`);
  const reader: Reader = { source, at: 0, depth: 0 };
  const node = readOptions(reader);
  if (reader.at < source.length) throw new UnsafePattern('a ")" too many');
  return node;
}

function readOptions(reader: Reader): Node {
  if (++reader.depth > DEEPEST) throw new UnsafePattern(`groups nested deeper than ${DEEPEST}`);
  const options = [readSequence(reader)];
  while (reader.source[reader.at] === '|') {
    reader.at++;
    options.push(readSequence(reader));
  }
  reader.depth--;
  const [only] = options;
  return options.length === 1 && only ? only : { kind: 'alt', options };
}

function readSequence(reader: Reader): Node {
  const parts: Node[] = [];
  while (reader.at < reader.source.length && !'|)'.includes(reader.source[reader.at] ?? '')) {
    parts.push(readRepeat(reader, readAtom(reader)));
  }
  return { kind: 'seq', parts };
}

function readAtom(reader: Reader): Node {
  const char = reader.source[reader.at++] ?? '';
  if (char === '(') return readGroup(reader);
  if (char === '[') return readClass(reader);
  if (char === '\\') return readEscape(reader);
  if (char === '.') return { kind: 'char', literal: null, nonBlank: false };
  if (char === '^' || char === '$') return { kind: 'edge' };
  if ('*+?'.includes(char)) throw new UnsafePattern(`"${char}" repeats nothing`);
  return literal(char);
}

function readGroup(reader: Reader): Node {
  const rest = reader.source.slice(reader.at, reader.at + 3);
  if (rest.startsWith('?<')) throw new UnsafePattern('look-behind and named groups are not allowed');
  const ahead = rest.startsWith('?=') || rest.startsWith('?!');
  if (ahead || rest.startsWith('?:')) reader.at += 2;
  const inside = readOptions(reader);
  if (reader.source[reader.at++] !== ')') throw new UnsafePattern('a ")" is missing');
  // What a look-ahead tries costs time too, so it counts as matched text; it asks for no words.
  return ahead ? { kind: 'repeat', of: inside, min: 0, max: 1 } : inside;
}

function readClass(reader: Reader): Node {
  const { source } = reader;
  const from = reader.at;
  if (source[reader.at] === '^') reader.at++;
  while (reader.at < source.length && source[reader.at] !== ']') reader.at += source[reader.at] === '\\' ? 2 : 1;
  const inside = source.slice(from, reader.at);
  if (source[reader.at++] !== ']') throw new UnsafePattern('a "]" is missing');
  // "[sz]" is as good as "(?:s|z)" for finding words.
  if (/^[^\\^-]{1,4}$|^[^\\^-]?-$/.test(inside)) return { kind: 'alt', options: [...inside].map(literal) };
  return { kind: 'char', literal: null, nonBlank: inside.startsWith('^') && inside.includes('\\s') };
}

const literal = (char: string): Node => ({ kind: 'char', literal: char, nonBlank: char !== ' ' });

function readEscape(reader: Reader): Node {
  const char = reader.source[reader.at++] ?? '';
  if (char === 'b' || char === 'B') return { kind: 'edge' };
  if ('dDwWsS'.includes(char)) return { kind: 'char', literal: null, nonBlank: 'Swd'.includes(char) };
  if (/[\w]/.test(char) || char === '') throw new UnsafePattern(`"\\${char}" is not allowed`);
  return literal(char);
}

function readRepeat(reader: Reader, of: Node): Node {
  const bounds = readBounds(reader);
  if (bounds === null) return of;
  if (reader.source[reader.at] === '?') reader.at++;
  if (bounds.max > MOST_REPEATS) {
    throw new UnsafePattern(`repeats more than ${MOST_REPEATS} times; write a bound, for instance .{0,80}`);
  }
  return { kind: 'repeat', of, ...bounds };
}

function readBounds(reader: Reader): { min: number; max: number } | null {
  const char = reader.source[reader.at] ?? '';
  if (char === '{') {
    const found = /^\{(\d{1,6})(,(\d{0,6}))?\}/.exec(reader.source.slice(reader.at, reader.at + 20));
    if (!found) throw new UnsafePattern('"{" that is neither a repetition nor escaped');
    reader.at += found[0].length;
    const min = Number(found[1]);
    return { min, max: found[2] === undefined ? min : found[3] ? Number(found[3]) : Number.POSITIVE_INFINITY };
  }
  if (char === '' || !'*+?'.includes(char)) return null;
  reader.at++;
  return { min: char === '+' ? 1 : 0, max: char === '?' ? 1 : Number.POSITIVE_INFINITY };
}
