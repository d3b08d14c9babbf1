/**
 * A small reader of regular expressions. It serves two ends: to refuse, before it ever runs, a pattern that hostile text
 * could make slow, and to find the words of which a text must hold one for the pattern to match (see words.ts).
 *
 * V8 backtracks. A pattern is safe when nothing in it repeats without bound and the number of ways in which it can
 * match from one place is small: then its cost is linear in the length of the text, whatever the text is.
 */

type Node =
  | { kind: 'char' /** null for a class */; literal: string | null; nonBlank: boolean }
  | { kind: 'edge' } // takes no text: ^, $, \b, a look-ahead
  | { kind: 'seq'; parts: Node[] }
  | { kind: 'alt'; options: Node[] }
  | { kind: 'repeat'; of: Node; min: number; max: number };

/** How many ways a pattern may match from one place. Two gaps of 40 characters make 1,681. */
export const MOST_WAYS = 4_000;
/** Longest stretch that one repetition may cover. */
export const MOST_REPEATS = 200;
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
  // What a look-ahead tries is work too: it counts as if it were matched, and asks for no words.
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

/** In how many ways the pattern can match, at most, from one place. */
function waysOf(node: Node, follows = ''): number {
  const { exact } = wordSets(node);
  if (exact) return mostAlike(exact.map((word) => ({ starts: [word + follows], ways: 1 })));
  switch (node.kind) {
    case 'char':
    case 'edge':
      return 1;
    case 'seq':
      return node.parts.reduce((product, part, at) => product * waysBefore(part, node.parts[at + 1]), 1);
    case 'alt':
      return mostAlike(
        node.options.map((option) => ({ starts: startsOf(option, follows), ways: waysOf(option, follows) })),
      );
    case 'repeat': {
      const once = waysOf(node.of);
      let sum = 0;
      for (let times = node.min; times <= node.max && sum <= MOST_WAYS; times++) sum += once ** times;
      return sum;
    }
  }
}

/** A run of non-blanks before a blank can end in one place only: `(?:\\S{1,12} ){0,3}` is up to three words, in four ways. */
function waysBefore(part: Node, next: Node | undefined): number {
  const blank = next?.kind === 'char' && next.literal === ' ';
  if (blank && part.kind === 'repeat' && part.of.kind === 'char' && part.of.nonBlank) return 1;
  return waysOf(part, blank ? ' ' : '');
}

/** Of several options, only those of which one begins like the other can both match in the same place. */
function mostAlike(options: { starts: string[]; ways: number }[]): number {
  const alike = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a);
  const sums = options.map(({ starts }) =>
    options.reduce((sum, { starts: others, ways }) => {
      return starts.some((start) => others.some((other) => alike(start, other))) ? sum + ways : sum;
    }, 0),
  );
  return Math.max(...sums);
}

const MOST_STARTS = 400;

function startsOf(node: Node, follows = ''): string[] {
  const { exact } = wordSets(node);
  if (exact) return exact.map((word) => word + follows);
  if (node.kind === 'alt') return node.options.flatMap((option) => startsOf(option));
  if (node.kind !== 'seq') return [''];
  let starts = [''];
  for (const part of node.parts) {
    const more = wordSets(part).exact;
    const words = more ?? (part.kind === 'alt' ? startsOf(part) : null);
    if (!words || words.length * starts.length > MOST_STARTS) break;
    starts = crossed(starts, words);
    if (!more) break;
  }
  return starts;
}

/** Why a pattern may not run, or null when it may. */
export function refusalOf(source: string): string | null {
  try {
    if (waysOf(readPattern(source)) > MOST_WAYS)
      return `too many ways to match (over ${MOST_WAYS}); use fewer or narrower gaps`;
    new RegExp(source);
    return null;
  } catch (error) {
    if (error instanceof UnsafePattern || error instanceof SyntaxError) return error.message;
    throw error;
  }
}

const FEWEST_LETTERS = 3;

/**
 * Words of which a text must contain at least one for the pattern to match; null when the pattern asks for none that
 * is long enough to look for. Of several such sets the one whose shortest word is longest is taken: it lets the fewest texts pass.
 */
export function wordsOf(source: string): string[] | null {
  const sets = wordSets(readPattern(source)).sets.filter((set) => shortest(set) >= FEWEST_LETTERS);
  return sets.sort((a, b) => shortest(b) - shortest(a) || a.length - b.length)[0] ?? null;
}

/** A character of a script with thousands of them tells as much as two letters. */
const weight = (word: string): number => (word.charCodeAt(0) > 0x2e7f ? 2 * word.length : word.length);
const shortest = (set: string[]): number => Math.min(...set.map(weight));

type Words = { /** all that the node can match, if that is a short list */ exact: string[] | null; sets: string[][] };
const MOST_EXACT = 128;

function wordSets(node: Node): Words {
  switch (node.kind) {
    case 'char':
      return { exact: node.literal === null ? null : [node.literal], sets: [] };
    case 'edge':
      return { exact: [''], sets: [] };
    case 'alt':
      return wordsOfOptions(node.options.map(wordSets));
    case 'repeat':
      return wordsOfRepeat(node.min, node.max, wordSets(node.of));
    case 'seq':
      return wordsOfSequence(node.parts.map(wordSets));
  }
}

function wordsOfOptions(options: Words[]): Words {
  const exacts = options.flatMap((option) => option.exact ?? []);
  if (options.every((option) => option.exact)) {
    return { exact: exacts.length <= MOST_EXACT ? exacts : null, sets: [exacts] };
  }
  const best = options.map((option) => {
    const sets = option.exact ? [option.exact, ...option.sets] : option.sets;
    return sets.sort((a, b) => shortest(b) - shortest(a))[0];
  });
  return { exact: null, sets: best.every((set) => set) ? [best.flatMap((set) => set ?? [])] : [] };
}

function wordsOfRepeat(min: number, max: number, once: Words): Words {
  if (min === 1 && max === 1) return once;
  if (min === 0 && max === 1 && once.exact) return { exact: ['', ...once.exact], sets: [] };
  return { exact: null, sets: min === 0 ? [] : once.exact ? [once.exact, ...once.sets] : once.sets };
}

/** Neighbours that can match only a few things are joined, so that "no such (user|box)" gives whole phrases. */
function wordsOfSequence(parts: Words[]): Words {
  const sets: string[][] = [];
  let run: string[] = [''];
  let whole = true;
  for (const part of parts) {
    sets.push(...part.sets);
    const joined = part.exact && run.length * part.exact.length <= MOST_EXACT ? crossed(run, part.exact) : null;
    if (joined) {
      run = joined;
    } else {
      sets.push(run);
      whole = false;
      run = part.exact ?? [''];
    }
  }
  sets.push(run);
  return { exact: whole ? run : null, sets };
}

const crossed = (left: string[], right: string[]): string[] => left.flatMap((a) => right.map((b) => a + b));
