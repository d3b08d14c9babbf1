import { headerOf, type Mime, splitMime } from '../../src/lab/sim/mime.ts';

export type ReadFile = { name: string; type: string; id: string; content: string };
export type ReadMail = { headers: Record<string, string>; text: string; html: string; files: ReadFile[] };

/** What a person gets to see of a mail: however its parts are put together and encoded, the same mail reads the same. */
export function readMail(raw: string): ReadMail {
  const whole = splitMime(Buffer.from(raw));
  const leaves = leavesOf(whole);
  const textOf = (type: string) =>
    leaves
      .filter((leaf) => !isFile(leaf) && typeOf(leaf) === type)
      .map((leaf) => contentOf(leaf).toString().replaceAll('\r\n', '\n').trimEnd())
      .join('\n');
  return {
    headers: headersOf(whole),
    text: textOf('text/plain'),
    html: textOf('text/html'),
    files: leaves.filter(isFile).map(fileOf),
  };
}

/** Headers that say how the mail is written, or when. */
const OF_THE_FORM = /^(?:content-.*|mime-version|date|message-id|x-mailgun-variables)$/;

function headersOf(mime: Mime): Record<string, string> {
  const names = mime.headers.map(([name]) => name.toLowerCase()).filter((name) => !OF_THE_FORM.test(name));
  return Object.fromEntries(names.sort().map((name) => [name, decoded(headerOf(mime, name) ?? '')]));
}

/** The parts that hold no others. */
function leavesOf(mime: Mime): Mime[] {
  const boundary = parameterOf(headerOf(mime, 'Content-Type') ?? '', 'boundary');
  if (!typeOf(mime).startsWith('multipart/') || boundary === '') return [mime];
  const pieces = `\r\n${mime.body.toString('latin1')}`.split(`\r\n--${boundary}`).slice(1, -1);
  return pieces.flatMap((piece) => leavesOf(splitMime(Buffer.from(piece.replace(/^\r\n/, ''), 'latin1'))));
}

const typeOf = (mime: Mime): string =>
  /^[^;\s]*/.exec((headerOf(mime, 'Content-Type') ?? 'text/plain').toLowerCase())?.[0] ?? '';

const dispositionOf = (mime: Mime): string => headerOf(mime, 'Content-Disposition') ?? '';

const isFile = (mime: Mime): boolean => parameterOf(dispositionOf(mime), 'filename') !== '';

function fileOf(mime: Mime): ReadFile {
  return {
    name: parameterOf(dispositionOf(mime), 'filename'),
    type: typeOf(mime),
    id: headerOf(mime, 'Content-Id') ?? '',
    content: contentOf(mime).toString('base64'),
  };
}

function contentOf(mime: Mime): Buffer {
  const encoding = (headerOf(mime, 'Content-Transfer-Encoding') ?? '').toLowerCase();
  const text = mime.body.toString('latin1');
  if (encoding === 'base64') return Buffer.from(text, 'base64');
  if (encoding === 'quoted-printable') return Buffer.from(unquoted(text.replace(/=\r?\n/g, '')), 'latin1');
  return mime.body;
}

/** Quoted-printable as bytes, each a character. */
const unquoted = (text: string): string =>
  text.replace(/=([0-9A-F]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));

/** A header with its encoded words (RFC 2047) as text. */
const decoded = (value: string): string =>
  value
    .replace(/(=\?[^?\s]+\?[bq]\?[^?\s]*\?=)\s+(?==\?)/gi, '$1')
    .replace(/=\?[^?\s]+\?([bq])\?([^?\s]*)\?=/gi, (_, kind: string, word: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(word, 'base64').toString()
        : Buffer.from(unquoted(word.replaceAll('_', ' ')), 'latin1').toString(),
    );

/** A parameter of a header, perhaps in numbered and percent-encoded pieces (RFC 2231). */
function parameterOf(header: string, name: string): string {
  const pieces = [...header.matchAll(/;\s*([\w-]+)(\*\d+)?(\*)?=(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))/g)]
    .filter(([, other]) => other?.toLowerCase() === name)
    .map(([, , , isEncoded, quoted, plain]) => {
      const value = quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '';
      return isEncoded ? decodeURIComponent(value.replace(/^utf-8''/i, '')) : decoded(value);
    });
  return pieces.join('');
}
