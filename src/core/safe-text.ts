// Text that others wrote (servers, applications, whoever posts to us), made safe for every way out and for the columns.

/**
 * What a terminal, a log or a mail reader acts on, or shows as nothing: controls (C0, DEL, C1), marks that turn the
 * direction of the text, characters without width or ink, ends of lines and paragraphs, halves of surrogate pairs.
 */
const UNSAFE =
  '\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}\\p{Noncharacter_Code_Point}' +
  '\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0' +
  // Left open in Unicode, and to be shown as nothing. Marks of variants stay, as names of people have them.
  '\u2065\ufff0-\ufff8\\u{e0000}-\\u{e00ff}\\u{e01f0}-\\u{e0fff}';
const RUN = new RegExp(`[${UNSAFE}]+`, 'gu');
const EACH_BUT_LINE_END = new RegExp(`(?!\\n)[${UNSAFE}]`, 'gu');
/** More marks on one letter than any script has: they would be drawn over the lines around it. */
const PILE = /(\p{M}{6})\p{M}+/gu;

/** Characters of a line that nobody has set another limit for. */
const LONGEST = 2000;

/** One line that is safe to show, whoever wrote it: what is not goes, a space in its place, and what is too long is cut. */
export const safeLine = (text: string, most = LONGEST): string =>
  shortened(
    shortened(text, 4 * most)
      .replace(RUN, ' ')
      .replace(PILE, '$1'),
    most,
  );

/** The same for a text of several lines. */
export const safeLines = (text: string, most = LONGEST): string =>
  text
    .split('\n')
    .map((line) => safeLine(line, most))
    .join('\n');

/** The text in that many characters at most, with an ellipsis where something was cut off. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  // A character takes two units at most, so what is needed of the text is in this part.
  const letters = [...text.slice(0, 2 * most + 2)];
  return letters.length <= most ? letters.join('') : `${letters.slice(0, most - 1).join('')}…`;
}

/**
 * A value as JSON that is safe to show: each unsafe character is written as its escape, so that whoever parses it gets
 * the value as it was.
 */
export const safeJson = (value: unknown, indent?: number): string => escapedJson(JSON.stringify(value, null, indent));

/** JSON with its unsafe characters as escapes. The ends of lines stand between the values, and stay. */
export const escapedJson = (json: string): string =>
  json.replace(EACH_BUT_LINE_END, (character) =>
    [...Array(character.length).keys()].map((i) => escapeOf(character.charCodeAt(i))).join(''),
  );

const escapeOf = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`;

/** Halves of surrogate pairs and NUL: each database replaces them or cuts the text there, in its own way. */
const UNSTORABLE = /[\p{Cs}\0]/gu;

/** A text as both databases keep it alike, in a column of that many characters. */
export const storable = (text: string, most: number): string => shortened(text, most).replace(UNSTORABLE, '\ufffd');
