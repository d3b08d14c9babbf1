import type { FormEntry, FormFile } from '../mail/form.ts';
import { MAX_LINE } from '../mail/limits.ts';
import { hasControls, unfolded } from '../mail/line.ts';
import { refused } from './form-checks.ts';

/** A form in which the names and types of files can be written into the header of a mail. */
export const withSafeFiles = (form: readonly FormEntry[]): FormEntry[] =>
  form.map(([name, value]) => [name, typeof value === 'string' ? value : cleaned(value)]);

function cleaned({ filename, type, content }: FormFile): FormFile {
  if (filename === '') throw refused('a file in the form has no name');
  return { filename: safeName(filename), type: safeType(type), content };
}

const BARE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+/;
/** With its parameters, in which each quote has an end (RFC 2045, 5.1). */
const TYPE = new RegExp(`${BARE.source}(?:[ \\t]*;(?:[^"]|"(?:[^"\\\\]|\\\\.)*")*)?$`);

/** What has no type is told by its name, by Mailgun or by whoever composes the mail. */
function safeType(given: string): string {
  const type = unfolded(given);
  if (type === '' || (type.length <= MAX_LINE && !hasControls(type) && TYPE.test(type))) return type;
  return BARE.exec(type.slice(0, MAX_LINE))?.[0] ?? 'application/octet-stream';
}

/** Without folders, and without characters that could end the header or change the direction of the text. */
const safeName = (name: string): string =>
  shortened(name.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}"]/gu, '_').replace(/^.*[/\\]/, '')) || 'file';

const LONGEST = 255;

/** The ending stays, as it says what is in the file. */
function shortened(name: string): string {
  const ending = /\.[^.\s]{1,20}$/.exec(name.slice(-21))?.[0] ?? '';
  const begin = name.slice(0, name.length - ending.length).slice(0, 2 * LONGEST);
  return [...begin].slice(0, LONGEST - ending.length).join('') + ending;
}
