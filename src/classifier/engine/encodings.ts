/** Takes back what mail systems do to letters beyond ASCII on the way, so that the rules see what the server wrote. */
export function decoded(text: string): string {
  let plain = text;
  if (plain.includes('=?')) plain = plain.replace(ENCODED_WORD_GAP, '?==?').replace(ENCODED_WORD, wordOf);
  if (plain.includes('=')) plain = quotedPrintable(plain);
  if (plain.includes('\\')) plain = escapesOf(plain);
  if (plain.includes('&')) plain = entitiesOf(plain);
  plain = base64Of(plain);
  return /[\u0080-\uffff]/.test(plain) ? misread(plain).replace(UNSEEN, '') : plain;
}

/** Soft hyphens, and marks without width that only steer how text is shown. */
const UNSEEN = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/g;

/** RFC 2047: "=?utf-8?Q?Empf=C3=A4nger?=". Between two of them white space means nothing. */
const ENCODED_WORD = /=\?([\w-]{1,30})(?:\*[\w-]{1,10})?\?([bq])\?([^?\s]{0,400})\?=/gi;
const ENCODED_WORD_GAP = /\?=\s{1,8}=\?/g;

function wordOf(whole: string, charset: string, kind: string, content: string): string {
  const bytes = kind.toLowerCase() === 'b' ? base64Bytes(content) : hexBytes(content.replace(/_/g, ' '));
  return (bytes === null ? null : decodedBy(charset, bytes)) ?? whole;
}

const hexBytes = (text: string): string => text.replace(/=([\da-f]{2})/gi, (_, hex: string) => unitOf(hex));
const unitOf = (hex: string): string => String.fromCharCode(Number.parseInt(hex, 16));

function base64Bytes(content: string): string | null {
  try {
    return atob(content);
  } catch {
    return null;
  }
}

/** One letter a byte, as `atob` gives them. */
const raw = (bytes: string): Uint8Array => Uint8Array.from(bytes, (letter) => letter.charCodeAt(0));

function decodedBy(charset: string, bytes: string): string | null {
  try {
    // In one piece Node 20 reads windows-1252 as Latin-1, which has no dashes and no quotation marks (nodejs/node, issue 60888).
    return new TextDecoder(charset).decode(raw(bytes), { stream: true });
  } catch {
    return null;
  }
}

/** Runs of bytes beyond ASCII ("empf=E4nger"), blanks, and soft ends of lines; no parameters of addresses on the web. */
const quotedPrintable = (text: string): string =>
  text
    .replace(/=\r?\n/g, '')
    .replace(/(?:=[89a-f][\da-f]){1,200}/gi, (run) => lettersOf(hexBytes(run)))
    .replace(/=20(?=[a-z(<]|\s|$)/gi, ' ');

/** Bytes are UTF-8 when they can be; else they are of Western Europe. */
const lettersOf = (bytes: string): string => utf8Of(raw(bytes)) ?? bytes;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

function utf8Of(bytes: Uint8Array): string | null {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return null;
  }
}

/** "\303\244" of Exim, "\u00e4" of JSON, and "\x{E4}" of RFC 6533, which reports write for addresses in UTF-8. */
const escapesOf = (text: string): string =>
  text
    .replace(/(?:\\[23][0-7]{2}){1,200}/g, (run) =>
      lettersOf(run.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))),
    )
    .replace(/\\u([\da-f]{4})/gi, (_, hex: string) => unitOf(hex))
    .replace(/\\x\{([\da-f]{1,5})\}/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));

/** "&#228;", "&#xE4;", and "&auml;", whose accent the rules leave out anyway. */
const entitiesOf = (text: string): string =>
  text
    .replace(/&#(\d{1,6});/g, (whole: string, number: string) => characterOf(Number(number)) ?? whole)
    .replace(/&#x([\da-f]{1,5});/gi, (whole: string, hex: string) => characterOf(Number.parseInt(hex, 16)) ?? whole)
    .replace(/&([a-z])(?:acute|grave|circ|uml|tilde|cedil|ring|slash|caron);/gi, '$1')
    .replace(/&szlig;/gi, 'ß')
    .replace(/&(?:quot|apos);/gi, "'");

const characterOf = (code: number): string | null => (code <= 0x10_ffff ? String.fromCodePoint(code) : null);

const BASE64 = /^((?:\d{3}[ -])?)([a-z\d+/\r\n]{24,8192}={0,2})\s{0,4}$/i;

/** A whole reply in Base64, without a blank; an id of that look does not give readable words. */
function base64Of(text: string): string {
  const [, code = '', content] = BASE64.exec(text) ?? [];
  if (content === undefined) return text;
  const bytes = base64Bytes(content);
  const plain = bytes === null ? null : utf8Of(raw(bytes));
  return plain?.includes(' ') && !UNREADABLE.test(plain) ? code + plain : text;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what shows that it was no text
const UNREADABLE = /[\u0000-\u0008\u000e-\u001f\u007f]/;

/** "Ã¤" is "ä" whose two bytes of UTF-8 were read as two letters of Western Europe. */
function misread(text: string): string {
  return text.replace(/[\u00c2-\u00f4](?:[\u0080-\u00bf\u0152-\u0192\u02c6-\u02dc\u2013-\u2122]{1,3})/g, (run) => {
    const bytes = Array.from(run, byteOf);
    return (bytes.every((byte) => byte < 256) ? utf8Of(Uint8Array.from(bytes)) : null) ?? run;
  });
}

/** The letters that Windows has where Latin-1 has control characters, from byte 128 on. */
const WINDOWS = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

function byteOf(letter: string): number {
  const at = WINDOWS.indexOf(letter);
  return at === -1 ? letter.charCodeAt(0) : 128 + at;
}
