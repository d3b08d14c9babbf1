/** A part of what was typed: `name:value`, or a value by itself. `text` is it as it was written. */
export type Token = { name: string | null; value: string; text: string };

/** Characters of a search: nobody types more. */
export const LONGEST = 500;

/** A quote that is opened and not closed. */
const OPEN = /^[a-z][a-z-]*:"[^"]*$/i;

const TOKEN = /(?:([a-z][a-z-]*):)?(?:"([^"]*)"|([^\s"]\S*)|(?<=:)(?=\s|$))|(\S+)/giy;

/** Takes a search apart at its blanks; what is in quotes stays together. What is no token stands by itself. */
export function tokensIn(search: string): { tokens: Token[]; strange: string[] } {
  const tokens: Token[] = [];
  const strange: string[] = [];
  const text = search.trim().slice(0, LONGEST);
  for (let at = 0; at < text.length; ) {
    at += /^\s*/.exec(text.slice(at))?.[0].length ?? 0;
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (!found) break;
    const [whole, name, quoted, plain, other] = found;
    if (other !== undefined || OPEN.test(whole)) strange.push(whole);
    else tokens.push({ name: name?.toLowerCase() ?? null, value: (quoted ?? plain ?? '').trim(), text: whole });
    at += whole.length;
  }
  return { tokens, strange };
}

/** A token as it is typed. */
export const written = (name: string | null, value: string): string =>
  `${name === null ? '' : `${name}:`}${/[\s"]/.test(value) || value === '' ? `"${value.replaceAll('"', ' ')}"` : value}`;

/** The search without what it says of that name, and with another value in its place. */
export function withValue(tokens: readonly Token[], name: string, value: string | null): string {
  const others = tokens.filter((token) => token.name !== name).map(({ text }) => text);
  return [...others, ...(value === null ? [] : [written(name, value)])].join(' ');
}
