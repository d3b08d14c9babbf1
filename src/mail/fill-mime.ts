import { encode, wrap } from 'nodemailer/lib/base64';
import { encodeWords, foldLines } from 'nodemailer/lib/mime-funcs';
import { fieldsOf } from './headers.ts';
import { isTextOf } from './mail-parts.ts';
import { headerText } from './mime-text.ts';
import { entityOf, type Leaf, leafText, readMime } from './read-mime.ts';

/** What a text says to one recipient. The name is that of a header field in the form of an option (`h:Subject`), or `text`. */
export type Fill = (text: readonly [name: string, value: string]) => string;

/**
 * A ready message as it is for one recipient: with its header and its texts filled in, and all else byte for byte. What is
 * signed or encrypted stays as it is, as does what can not be read.
 */
export function fillMime(mime: Buffer, fill: Fill): Buffer {
  const read = readMime(mime);
  if (typeof read === 'string' || read.isSealed) return mime;
  return edited(mime, [
    ...headerEdits(mime, fill),
    ...read.leaves
      .filter((leaf) => TEXTS.some((type) => isTextOf(type, leaf)))
      .flatMap((leaf) => textEdits(leaf, leaf.written.byteOffset - mime.byteOffset, fill)),
  ]);
}

const TEXTS = ['text/plain', 'text/html', 'text/x-amp-html'];

/** What stands in the place of these bytes. */
type Edit = { start: number; end: number; by: string };

function edited(mime: Buffer, edits: readonly Edit[]): Buffer {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const { start, end, by } of [...edits].sort((a, b) => a.start - b.start)) {
    pieces.push(mime.subarray(at, start), Buffer.from(by));
    at = end;
  }
  return Buffer.concat([...pieces, mime.subarray(at)]);
}

function headerEdits(mime: Buffer, fill: Fill): Edit[] {
  return [...fieldsOf(mime)].flatMap(({ name, start, end }) => {
    const written = mime.toString('utf8', start, end);
    const colon = written.indexOf(':');
    const value = headerText(written.slice(colon + 1).replace(/[\r\n]+/g, '')).trim();
    const filled = AS_GIVEN.test(name) ? value : fill([`h:${name}`, value]);
    if (filled === value) return [];
    const line = `${written.slice(0, colon)}: ${encodeWords(filled.replace(/\p{Cc}+/gu, ' '), 'Q', 52)}`;
    return [{ start, end, by: `${foldLines(line)}\r\n` }];
  });
}

/** They say whom a mail is from, and how it is written. */
const AS_GIVEN = /^(?:from|content-.*)$/;

function textEdits(leaf: Leaf, start: number, fill: Fill): Edit[] {
  const text = leafText(leaf);
  const filled = fill(['text', text]);
  if (filled === text) return [];
  const said = [...fieldsOf(leaf.written)].filter(({ name }) => HOW_WRITTEN.has(name));
  const end = start + leaf.written.length;
  return [
    {
      ...{ start, end: start },
      by: `Content-Type: ${leaf.type}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n`,
    },
    ...said.map((field) => ({ start: start + field.start, end: start + field.end, by: '' })),
    { start: end - entityOf(leaf.written).body.length, end, by: wrap(encode(filled)) },
  ];
}

const HOW_WRITTEN: ReadonlySet<string> = new Set(['content-type', 'content-transfer-encoding']);
