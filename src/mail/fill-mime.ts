import { encode, wrap } from 'nodemailer/lib/base64';
import { encodeWord, encodeWords, foldLines } from 'nodemailer/lib/mime-funcs';
import { fieldsOf } from './headers.ts';
import { MAX_LISTS } from './limits.ts';
import { isTextOf } from './mail-parts.ts';
import { headerText, parametersBut, wholeTextOf } from './mime-text.ts';
import { entityOf, firstOf, type Leaf, leafText, readMime } from './read-mime.ts';

/**
 * What a text says to one recipient. The name is that of a header field in the form of an option (`h:Subject`), or `text`, or
 * `address` for one of those that a mail goes to.
 */
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
    const written = wholeTextOf(mime.subarray(start, end), null);
    const colon = written.indexOf(':');
    const raw = written
      .slice(colon + 1)
      .replace(/[\r\n]+/g, '')
      .trim();
    const text = headerText(raw);
    const filled = AS_GIVEN.test(name) ? text : fill([`h:${name}`, text]);
    if (filled === text) return [];
    const value = HOLDS_ADDRESSES.test(name)
      ? filledAddresses(name, raw, fill)
      : encodeWords(withoutControls(filled), 'Q', WORD);
    return [{ start, end, by: `${foldLines(`${written.slice(0, colon)}: ${value}`)}\r\n` }];
  });
}

/** Characters of an encoded word. */
const WORD = 52;

const withoutControls = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');

/** Fields that say who sends a mail, or who is answered. */
export const ASKS_FOR_ANSWERS =
  /^(?:sender|reply-to|errors-to|mail-(?:reply|followup)-to|return-receipt-to|disposition-notification-to|resent-.*)$/;
const HOLDS_ADDRESSES = new RegExp(`^(?:to|cc)$|${ASKS_FOR_ANSWERS.source}`);

/** Pieces of a list of addresses: a name in quotes, an address in brackets, and what stands between signs that divide. */
const PIECE = /"(?:[^"\\]+|\\[\s\S]?)*(?:"|$)|<[^<>]*>|[^"<>,;:()]+/g;

/** Each piece by itself, so that no name that is filled in ends where an address begins. */
function filledAddresses(name: string, raw: string, fill: Fill): string {
  if (raw.length > MAX_LISTS) return raw;
  const inAddress = name === 'to' || name === 'cc' ? 'address' : `h:${name}`;
  return raw.replace(PIECE, (piece) => {
    if (/^<|@|^\s*%recipient%\s*$/.test(piece) && !piece.startsWith('"')) return fill([inAddress, piece]);
    if (/^\s*$|^"[^"]*$/.test(piece)) return piece;
    const text = piece.startsWith('"') ? piece.slice(1, -1).replace(/\\(.)/g, '$1') : headerText(piece.trim());
    const filled = withoutControls(fill([`h:${name}`, text]));
    if (filled === text && /^\p{ASCII}*$/u.test(piece)) return piece;
    const before = piece.length - piece.trimStart().length;
    return `${piece.slice(0, before)}${phraseOf(filled)}${piece.slice(piece.trimEnd().length)}`;
  });
}

/** A text as the name of a mailbox may be written. */
const phraseOf = (text: string): string => (/^[\w +'-]+$/.test(text) ? text : encodeWord(text, 'Q', WORD));

/** They say whom a mail is from, and how it is written. */
const AS_GIVEN = /^(?:from|content-.*)$/;

function textEdits(leaf: Leaf, start: number, fill: Fill): Edit[] {
  const text = leafText(leaf);
  const filled = fill(['text', text]);
  if (filled === text) return [];
  const said = [...fieldsOf(leaf.written)].filter(({ name }) => HOW_WRITTEN.has(name));
  const end = start + leaf.written.length;
  const { fields, body } = entityOf(leaf.written);
  const parameters = parametersBut(firstOf(fields, 'content-type') ?? '', 'charset');
  const type = foldLines(`Content-Type: ${leaf.type}; charset=utf-8${parameters}`);
  return [
    {
      ...{ start, end: start },
      by: `${type}\r\nContent-Transfer-Encoding: base64\r\n`,
    },
    ...said.map((field) => ({ start: start + field.start, end: start + field.end, by: '' })),
    { start: end - body.length, end, by: wrap(encode(filled)) },
  ];
}

const HOW_WRITTEN: ReadonlySet<string> = new Set(['content-type', 'content-transfer-encoding']);
