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

type Table = { next: Int32Array; owners: number[][]; classOf: Uint8Array; classes: number };

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

/** Every character that occurs in no word shares class 0. */
function classesOf(words: readonly (readonly [string, number])[]): { classOf: Uint8Array; classes: number } {
  const classOf = new Uint8Array(65_536);
  let classes = 1;
  for (const [word] of words) {
    for (let at = 0; at < word.length; at++) {
      const unit = word.charCodeAt(at);
      // 255 classes are more than the rules need; later characters would share the last one, which only costs speed.
      if (classOf[unit] === 0) classOf[unit] = classes < 255 ? classes++ : 255;
    }
  }
  return { classOf, classes: classes + 1 };
}

function grow(words: readonly (readonly [string, number])[]): Table {
  const { classOf, classes } = classesOf(words);
  const next = new Int32Array(statesOf(words) * classes).fill(-1);
  const owners: number[][] = [];
  let states = 1;
  for (const [word, owner] of words) {
    let state = 0;
    for (let at = 0; at < word.length; at++) {
      const edge = state * classes + (classOf[word.charCodeAt(at)] ?? 0);
      if (next[edge] === -1) next[edge] = states++;
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
    const to = next[unit] ?? -1;
    if (to === -1) next[unit] = 0;
    else queue.push(to);
  }
  for (let head = 0; head < queue.length; head++) {
    const state = queue[head] ?? 0;
    const back = fail[state] ?? 0;
    const inherited = owners[back];
    if (inherited !== undefined) owners[state] = [...new Set([...(owners[state] ?? []), ...inherited])];
    for (let unit = 0; unit < classes; unit++) {
      const edge = state * classes + unit;
      const to = next[edge] ?? -1;
      const otherwise = next[back * classes + unit] ?? 0;
      if (to === -1) next[edge] = otherwise;
      else {
        fail[to] = otherwise;
        queue.push(to);
      }
    }
  }
}
