/** The outermost names of a JSON object, and where their values stand in its text. */
export type Outline = ReadonlyMap<string, Span>;

export type Span = { from: number; to: number };

/** Mailgun's events are five levels deep. Deeper nesting is an attack on whoever walks through it. */
const MAX_DEPTH = 32;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Looks at JSON before it is parsed, in one pass that makes hardly any objects. Says what is wrong with it when it is
 * nested too deep, has more than `most` values, or has a name twice in one of the two outer levels: parsers differ in
 * which of the two they take, so what was kept could read differently one day.
 */
export function outlineOf(text: string, most: number): Outline | string {
  const outline = new Map<string, Span>();
  const levels: (Set<string> | null)[] = [];
  let member: { name: string; from: number | null } | null = null;
  let isName = false;
  let values = 0;
  for (let i = 0; i < text.length; i++) {
    const sign = text[i];
    if (sign === '"') {
      const end = endOfString(text, i);
      const names = isName ? levels.at(-1) : null;
      if (names) {
        const name = nameIn(text.slice(i, end + 1));
        if (names.has(name)) return 'a name stands twice in the JSON';
        names.add(name);
        if (levels.length === 1) member = { name, from: null };
      }
      isName = false;
      i = end;
    } else if (sign === ':') {
      if (member && levels.length === 1) member.from ??= i + 1;
    } else if (sign === ',' || sign === '}' || sign === ']') {
      if (member && levels.length === 1 && member.from !== null) outline.set(member.name, { from: member.from, to: i });
      isName = sign === ',';
      if (sign !== ',') levels.pop();
    } else if (sign === '{' || sign === '[') {
      levels.push(sign === '{' && levels.length < 2 ? new Set() : null);
      isName = sign === '{';
      if (levels.length > MAX_DEPTH) return 'the JSON is nested too deep';
    }
    if ((sign === ',' || sign === '{' || sign === '[') && ++values > most)
      return `the JSON has more than ${most} values`;
  }
  return outline;
}

/** The place of the quote that ends a string. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text.charCodeAt(i) !== QUOTE) i += text.charCodeAt(i) === BACKSLASH ? 2 : 1;
  return i;
}

function nameIn(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  try {
    return String(JSON.parse(literal));
  } catch {
    return literal; // This is no JSON; the parser will say so.
  }
}
