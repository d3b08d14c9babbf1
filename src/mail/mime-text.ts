import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';

/** The bytes of a part, as its Content-Transfer-Encoding says; those in an encoding that nobody uses stay as they are. */
export function bytesOf(body: Buffer, encoding: string): Buffer {
  const name = encoding.trim().toLowerCase();
  if (name === 'base64') return Buffer.from(body.toString('latin1'), 'base64');
  return name === 'quoted-printable' ? unquotedBytes(body) : body;
}

const EQUALS = 0x3d;

/** `=41` is a byte, and an equals sign at the end of a line is none; one without two digits behind it stands for itself. */
function unquotedBytes(text: Buffer): Buffer {
  const plain = Buffer.allocUnsafe(text.length);
  let size = 0;
  for (let i = 0; i < text.length; i++) {
    const behind = text[i] === EQUALS ? text.toString('latin1', i + 1, i + 3) : '';
    if (behind === '\r\n') i += 2;
    else if (behind.startsWith('\n')) i += 1;
    else if (/^[0-9a-f]{2}$/i.test(behind)) {
      plain[size++] = Number.parseInt(behind, 16);
      i += 2;
    } else plain[size++] = text[i] ?? 0;
  }
  return plain.subarray(0, size);
}

/** The text that bytes stand for. Where no charset is named, or one that nobody knows, they tell it themselves. */
export function textOf(bytes: Buffer, charset: string | null): string {
  const label = labelOf(charset);
  const named = label === null ? null : decoded(bytes, label);
  return named ?? (isUtf8(bytes) ? new TextDecoder().decode(bytes) : western(bytes));
}

/**
 * The same, and nothing of it is lost: what is not in the charset that is named may be in another one, and windows-1252
 * has a character for every byte.
 */
export function wholeTextOf(bytes: Buffer, charset: string | null): string {
  const label = labelOf(charset);
  const named = label === null || /^utf-?8$/i.test(label) ? null : decoded(bytes, label, { fatal: true });
  return named ?? (isUtf8(bytes) ? bytes.toString() : mended(bytes));
}

/**
 * Each run beyond ASCII by itself: in a text of UTF-8 some program may have cut a letter in two. It is written as UTF-8
 * and decoded in one piece, so that millions of runs take no longer than one.
 */
function mended(bytes: Buffer): string {
  const text = Buffer.allocUnsafe(3 * bytes.length);
  let size = 0;
  for (let at = 0; at < bytes.length; ) {
    const end = endOfRun(bytes, at);
    // A byte alone is ASCII or no UTF-8.
    const isWestern = end - at > 1 ? !isUtf8(bytes.subarray(at, end)) : (bytes[at] ?? 0) >= BEYOND;
    for (; at < end; at++) {
      const byte = bytes[at] ?? 0;
      if (!isWestern) text[size++] = byte;
      else for (const written of WRITTEN[byte - BEYOND] ?? []) text[size++] = written;
    }
  }
  return text.toString('utf8', 0, size);
}

const BEYOND = 0x80;

/** Behind the bytes beyond ASCII that stand here; behind the one that stands here when it is ASCII. */
function endOfRun(bytes: Buffer, from: number): number {
  let end = from;
  while ((bytes[end] ?? 0) >= BEYOND) end++;
  return Math.max(end, from + 1);
}

const WESTERN = new TextDecoder('windows-1252');
/** In one piece Node 20 reads it as Latin-1, which has no euro sign (nodejs/node, issue 60888). */
const western = (bytes: Buffer): string => WESTERN.decode(bytes, { stream: true });

/** Each letter of windows-1252 beyond ASCII, in UTF-8. */
const WRITTEN = Array.from({ length: 128 }, (_, i) => [...Buffer.from(western(Buffer.of(BEYOND + i)))]);

/** Characters: no charset has so long a name. A field of a form that names one may have megabytes. */
const LONGEST_LABEL = 40;

/** Null for what names no charset. ASCII is named by many who do not know what they write in. */
function labelOf(charset: string | null): string | null {
  if (charset === null || charset.length > LONGEST_LABEL) return null;
  const label = charset.trim();
  return /^(?:us-)?ascii$/i.test(label) ? null : label;
}

/** Null in a charset that nobody knows, and when it is fatal that the bytes are not in it. */
function decoded(bytes: Buffer, label: string, options?: { fatal: boolean }): string | null {
  try {
    const decoder = new TextDecoder(label, options);
    return decoder.encoding === WESTERN.encoding ? western(bytes) : decoder.decode(bytes);
  } catch (error) {
    if (error instanceof RangeError || (options?.fatal && error instanceof TypeError)) return null;
    throw error;
  }
}

/** Encoded words of a header, one behind the other: RFC 2047. */
const WORDS = /=\?[^?\s]{1,60}\?[bq]\?[^?\s]*\?=(?:\s+=\?[^?\s]{1,60}\?[bq]\?[^?\s]*\?=)*/gi;
const WORD = /=\?([^?\s*]{1,60})(?:\*[^?]*)?\?([bq])\?([^?\s]*)\?=/gi;

/** A header with its encoded words as text. Words of one charset are joined first: a letter may be divided between two. */
export const headerText = (value: string): string =>
  value.replace(WORDS, (words) => {
    const runs: { charset: string; bytes: Buffer[] }[] = [];
    for (const [, charset = '', kind = '', text = ''] of words.matchAll(WORD)) {
      const bytes = kind.toLowerCase() === 'b' ? Buffer.from(text, 'base64') : ofQ(text);
      const last = runs.at(-1);
      if (last?.charset.toLowerCase() === charset.toLowerCase()) last.bytes.push(bytes);
      else runs.push({ charset, bytes: [bytes] });
    }
    return runs.map(({ charset, bytes }) => textOf(Buffer.concat(bytes), charset)).join('');
  });

const ofQ = (text: string): Buffer => unquotedBytes(Buffer.from(text.replaceAll('_', ' '), 'latin1'));

const PARAMETER = /;\s*([\w-]+)(?:\*(\d{1,3}))?(\*)?\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))/g;

/** Characters of a header that are read: nobody's file name is longer. */
const LONGEST = 10_000;

/** A parameter of a header, perhaps in numbered and percent-encoded pieces (RFC 2231); null when it has none such. */
export function parameterOf(header: string, name: string): string | null {
  const pieces = [...header.slice(0, LONGEST).matchAll(PARAMETER)]
    .filter(([, other]) => other?.toLowerCase() === name)
    .sort(([, , one = '0'], [, , other = '0']) => Number(one) - Number(other));
  if (pieces.length === 0) return null;
  const isEncoded = pieces.some(([, , , star]) => star !== undefined);
  const values = pieces.map(([, , , , quoted, plain = '']) => quoted?.replace(/\\(.)/g, '$1') ?? plain);
  if (!isEncoded) return headerText(values.join(''));
  return extendedText(values.join(''));
}

/** The parameters of a header as they are written, without that one. */
export const parametersBut = (header: string, name: string): string =>
  [...header.slice(0, LONGEST).matchAll(PARAMETER)]
    .filter(([, other]) => other?.toLowerCase() !== name)
    .map(([parameter]) => parameter)
    .join('');

/** A text that has its charset and its language before it, and is percent-encoded: RFC 2231, 4, and RFC 8187. */
export function extendedText(value: string): string {
  const [, charset = null, rest = ''] = /^([^']*)'[^']*'(.*)$/s.exec(value) ?? [null, null, value];
  const bytes = rest.replace(/%([0-9a-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return wholeTextOf(Buffer.from(bytes, 'latin1'), charset || null);
}
