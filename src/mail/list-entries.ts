/** What stands between two separators of a list of addresses (RFC 5322, 3.2 and 3.4). */
export type Entry = {
  /** As it was written, with its quotes, and without comments and what is in brackets. */
  text: string;
  /** The same without what is in quotes. */
  unquoted: string;
  /** The same as it reads. */
  name: string;
  /** What is within `<` and `>`. */
  brackets: string[];
  comments: string[];
  /** Whether a quote, a comment or a bracket has no end, so that it took all the rest. */
  isBroken: boolean;
  end: Separator | 'text';
};

type Separator = 'comma' | 'semicolon' | 'colon';
type Part = { kind: Separator | 'text' | 'quote' | 'bracket' | 'comment' | 'broken'; text: string };

/** Reads each character once, whatever is written. */
export function* entriesIn(text: string): Generator<Entry> {
  let parts: Part[] = [];
  for (let at = 0; at < text.length; ) {
    const part = partAt(text, at);
    at += part.text.length;
    if (part.kind === 'comma' || part.kind === 'semicolon' || part.kind === 'colon') {
      yield entryOf(parts, part.kind);
      parts = [];
    } else parts.push(part);
  }
  yield entryOf(parts, 'text');
}

const SEPARATORS: Readonly<Record<string, Separator>> = { ',': 'comma', ';': 'semicolon', ':': 'colon' };

function partAt(text: string, at: number): Part {
  const first = text.charAt(at);
  const separator = SEPARATORS[first];
  if (separator) return { kind: separator, text: first };
  if (first === '"') return upTo('quote', text, at, endOfQuote(text, at));
  if (first === '(') return upTo('comment', text, at, endOfComment(text, at));
  if (first === '<') return upTo('bracket', text, at, text.indexOf('>', at));
  const plain = /[^"(<,;:]+/y;
  plain.lastIndex = at;
  return { kind: 'text', text: plain.exec(text)?.[0] ?? first };
}

const upTo = (kind: Part['kind'], text: string, at: number, last: number): Part =>
  last < 0 ? { kind: 'broken', text: text.slice(at) } : { kind, text: text.slice(at, last + 1) };

function endOfQuote(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at;
  }
  return -1;
}

/** Comments may hold comments. */
function endOfComment(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '(') depth++;
    else if (text[at] === ')' && --depth === 0) return at;
  }
  return -1;
}

function entryOf(parts: readonly Part[], end: Entry['end']): Entry {
  const [only] = parts;
  // Nearly all entries of a long list are like this.
  if (parts.length < 2 && (only === undefined || only.kind === 'text')) return plainEntry(only?.text ?? '', end);
  const inside = (kind: Part['kind']) => parts.filter((p) => p.kind === kind).map((p) => p.text.slice(1, -1));
  const joined = (as: (part: Part) => string) => parts.map(as).join('');
  return {
    text: joined((p) => (p.kind === 'text' || p.kind === 'quote' ? p.text : ' ')),
    unquoted: joined((p) => (p.kind === 'text' ? p.text : ' ')),
    name: oneSpaced(
      joined((p) => (p.kind === 'text' ? p.text : p.kind === 'quote' ? unescaped(p.text.slice(1, -1)) : ' ')),
    ),
    brackets: inside('bracket'),
    comments: inside('comment').map((comment) => unescaped(comment).trim()),
    isBroken: parts.some((p) => p.kind === 'broken'),
    end,
  };
}

const unescaped = (text: string): string => text.replace(/\\(.)/gs, '$1');

const oneSpaced = (text: string): string => text.replace(/\s+/g, ' ').trim();

function plainEntry(text: string, end: Entry['end']): Entry {
  return { text, unquoted: text, name: oneSpaced(text), brackets: [], comments: [], isBroken: false, end };
}
