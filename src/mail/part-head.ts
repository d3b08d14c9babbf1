import { unfolded } from './line.ts';
import { extendedText, parameterOf, wholeTextOf } from './mime-text.ts';

/** What the header of a part of a form says; empty texts and null for what it does not. */
export type PartHead = { name: string; filename: string | null; type: string; charset: string | null };

const DISPOSITION = /(?:^|\n)content-disposition[ \t]*:[ \t]*form-data[ \t]*(;[^\r\n]*)/i;
const TYPE = /(?:^|\n)content-type[ \t]*:([^\r\n]*)/i;
const PARAMETER = /;\s*([^\s;="]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))/g;

/**
 * Fields of a header may be folded (RFC 5322, 2.2.3), and parameters be called in any case (RFC 2045, 5.1). The library
 * that takes the form apart knows neither.
 */
export function partHeadIn(bytes: Buffer): PartHead {
  const head = unfolded(wholeTextOf(bytes, null));
  const parameters = new Map<string, string>();
  for (const [, name = '', quoted, plain = ''] of (DISPOSITION.exec(head)?.[1] ?? '').matchAll(PARAMETER))
    parameters.set(name.toLowerCase(), quoted === undefined ? plain.trim() : quoted.replace(/\\(["\\])/g, '$1'));
  const extended = parameters.get('filename*');
  const filename = parameters.get('filename');
  const type = (TYPE.exec(head)?.[1] ?? '').trim();
  return {
    name: unescaped(parameters.get('name') ?? ''),
    filename: extended ? extendedText(extended) : filename === undefined ? null : unescaped(filename),
    type,
    charset: type === '' ? null : parameterOf(type, 'charset'),
  };
}

/** In a name, browsers escape these three characters and no others (HTML, "multipart form data"). */
const ESCAPED: Readonly<Record<string, string>> = { '%0A': '\n', '%0D': '\r', '%22': '"' };
const unescaped = (name: string): string =>
  name.replace(/%(?:0A|0D|22)/gi, (escaped) => ESCAPED[escaped.toUpperCase()] ?? escaped);
