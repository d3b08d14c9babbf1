import type { FormEntry, FormFile } from '../mail/form.ts';
import { refused } from './form-checks.ts';

/** A form in which the names and types of files can be written into the header of a mail. */
export const withSafeFiles = (form: readonly FormEntry[]): FormEntry[] =>
  form.map(([name, value]) => [name, typeof value === 'string' ? value : cleaned(value)]);

function cleaned({ filename, type, content }: FormFile): FormFile {
  if (filename === '') throw refused('a file in the form has no name');
  // What has no type is told by its name, by Mailgun or by whoever composes the mail.
  const isType = type === '' || /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(;[\w ="'.+-]*)*$/.test(type);
  return { filename: safeName(filename), type: isType ? type : 'application/octet-stream', content };
}

/** Without folders, and without characters that could end the header or change the direction of the text. */
const safeName = (name: string): string =>
  [
    ...name
      .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}"\\]/gu, '_')
      .replace(/^.*\//, '')
      .slice(0, 510),
  ]
    .slice(0, 255)
    .join('') || 'file';
