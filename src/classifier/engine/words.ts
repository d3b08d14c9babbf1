/**
 * Finds in one pass which of many words a text holds (Aho and Corasick, 1975). Running hundreds of patterns over each
 * reply would cost a hundred microseconds; nearly all of them can be ruled out because no word of theirs is there.
 */
export type WordFinder = {
  /** Sets the bit of every owner of a word that is in the text. */
  mark(text: string, bits: Uint32Array): void;
};

/** A prefix this long tells words apart well enough, and keeps the table small. */
const PREFIX = 10;

/** Where each state leads to by each class. While the table grows, 0 stands for nowhere: no word leads back to the start. */
type Next = Uint16Array | Uint32Array;
type Table = { next: Next; owners: number[][]; classOf: Uint8Array; classes: number };

export function wordFinder(words: Iterable<[word: string, owner: number]>): WordFinder {
  const list = [...words].map(([word, owner]) => [word.slice(0, PREFIX), owner] as const);
  const table = grow(list);
  link(table);
  const { next, classOf, classes } = table;
  const { starts, flat } = flattened(table.owners, next.length / classes);
  return {
    mark(text, bits) {
      let state = 0;
      for (let at = 0; at < text.length; at++) {
        state = next[state * classes + (classOf[text.charCodeAt(at)] ?? 0)] ?? 0;
        const end = starts[state + 1] ?? 0;
        for (let one = starts[state] ?? 0; one < end; one++) {
          const owner = flat[one] ?? 0;
          bits[owner >>> 5] = (bits[owner >>> 5] ?? 0) | (1 << (owner & 31));
        }
      }
    },
  };
}

/** The owners of all states in one array, since nearly all states have none and most of the rest have one. */
function flattened(
  owners: readonly (readonly number[] | undefined)[],
  states: number,
): { starts: Int32Array; flat: Int32Array } {
  const starts = new Int32Array(states + 1);
  const flat: number[] = [];
  for (let state = 0; state < states; state++) {
    flat.push(...(owners[state] ?? []));
    starts[state + 1] = flat.length;
  }
  return { starts, flat: Int32Array.from(flat) };
}

/** Characters that are in many words have a class each. */
const OWN = 64;
/** All others share these. Taking two characters for one rules out less, and makes no word go unnoticed. */
const SHARED = 32;

/** Every character that occurs in no word is of class 0. The table has a column for each class. */
function classesOf(words: readonly (readonly [string, number])[]): { classOf: Uint8Array; classes: number } {
  const uses = new Map<number, number>();
  for (const [word] of words)
    for (let at = 0; at < word.length; at++) uses.set(word.charCodeAt(at), (uses.get(word.charCodeAt(at)) ?? 0) + 1);
  const byUse = [...uses].sort(([a, n], [b, m]) => m - n || a - b);
  const classOf = new Uint8Array(65_536);
  for (const [rank, [unit]] of byUse.entries()) classOf[unit] = rank < OWN ? 1 + rank : 1 + OWN + (unit % SHARED);
  return { classOf, classes: byUse.length > OWN ? 1 + OWN + SHARED : 1 + byUse.length };
}

function grow(words: readonly (readonly [string, number])[]): Table {
  const { classOf, classes } = classesOf(words);
  const most = statesOf(words);
  const next = new (most > 65_536 ? Uint32Array : Uint16Array)(most * classes);
  const owners: number[][] = [];
  let states = 1;
  for (const [word, owner] of words) {
    let state = 0;
    for (let at = 0; at < word.length; at++) {
      const edge = state * classes + (classOf[word.charCodeAt(at)] ?? 0);
      if (next[edge] === 0) next[edge] = states++;
      state = next[edge] ?? 0;
    }
    const here = owners[state];
    if (here === undefined) owners[state] = [owner];
    else if (!here.includes(owner)) here.push(owner);
  }
  return { next, owners, classOf, classes };
}

/** One for each beginning of a word, the empty one among them. */
const statesOf = (words: readonly (readonly [string, number])[]): number =>
  new Set(words.flatMap(([word]) => Array.from({ length: word.length + 1 }, (_, length) => word.slice(0, length))))
    .size || 1;

/**
 * Breadth first. Where a word breaks off, the search goes on with the longest word that the text may be in the middle
 * of.
 */
function link({ next, owners, classes }: Table): void {
  const fail = new Int32Array(next.length / classes);
  const queue: number[] = [];
  for (let unit = 0; unit < classes; unit++) {
    const to = next[unit] ?? 0;
    if (to !== 0) queue.push(to);
  }
  for (let head = 0; head < queue.length; head++) {
    const state = queue[head] ?? 0;
    const back = fail[state] ?? 0;
    const inherited = owners[back];
    if (inherited !== undefined) owners[state] = [...new Set([...(owners[state] ?? []), ...inherited])];
    for (let unit = 0; unit < classes; unit++) {
      const edge = state * classes + unit;
      const to = next[edge] ?? 0;
      const otherwise = next[back * classes + unit] ?? 0;
      if (to === 0) next[edge] = otherwise;
      else {
        fail[to] = otherwise;
        queue.push(to);
      }
    }
  }
}
