import { type Node, readPattern, UnsafePattern } from './pattern-reader.ts';

/**
 * What a regular expression asks of a text. It serves two ends: to refuse, before it ever runs, a pattern that hostile text
 * could make slow, and to find the words of which a text must hold one for the pattern to match (see words.ts).
 *
 * V8 backtracks. A pattern is safe when nothing in it repeats without bound and the number of ways in which it can
 * match from one place is small: then its cost is linear in the length of the text, whatever the text is.
 */

/** How many ways a pattern may match from one place. Two gaps of 40 characters make 1,681. */
const MOST_WAYS = 4_000;

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

/**
 * A run of non-blanks before a blank can end in one place only, so `(?:\\S{1,12} ){0,3}`, up to three words, matches in
 * four ways.
 */
function waysBefore(part: Node, next: Node | undefined): number {
  const blank = next?.kind === 'char' && next.literal === ' ';
  if (blank && part.kind === 'repeat' && part.of.kind === 'char' && part.of.nonBlank) return 1;
  return waysOf(part, blank ? ' ' : '');
}

/** Of several options only those can match in the same place of which one begins like the other. */
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
