import {
  MaxFileSizeExceededError,
  MaxHeaderSizeExceededError,
  MaxPartsExceededError,
  MultipartParseError,
  type MultipartPart,
  parseMultipart,
} from '@remix-run/multipart-parser';
import { formBytesIn } from './decode.ts';
import type { FormEntry } from './form.ts';
import { parameterOf, wholeTextOf } from './mime-text.ts';
import { partHeadIn } from './part-head.ts';

export type FormLimits = {
  /** Fields and files together. */
  parts: number;
  /** Bytes of one field or file. */
  partSize: number;
  /** Only what has one of these names is read; the others are counted, and nothing is made of them. */
  only?: ReadonlySet<string>;
  /** Whether all of it is UTF-8, whatever charset it names: it was decoded before. */
  isUtf8?: boolean;
};

/** Bytes of the header of one part: two or three lines, and a long file name percent-encoded twice. */
const HEADER_SIZE = 4 * 1024;

export type FormType = { kind: 'urlencoded'; charset: string | null } | { kind: 'multipart'; boundary: string };

/** How a form of this content type is written; null for a type that is no form, or names no boundary. */
export function formTypeOf(contentType: string): FormType | null {
  const [media = ''] = contentType.trim().toLowerCase().split(/[;\s]/, 1);
  if (media === 'application/x-www-form-urlencoded')
    return { kind: 'urlencoded', charset: parameterOf(contentType, 'charset') };
  if (media !== 'multipart/form-data') return null;
  // RFC 2046, 5.1.1: 70 characters at most, and blanks in quotes only.
  const [, quoted, token] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s";]{1,70})(?=[\s;]|$))/i.exec(contentType) ?? [];
  const boundary = quoted ?? token;
  return boundary === undefined ? null : { kind: 'multipart', boundary };
}

/**
 * The fields and files of a form in their order, or what is wrong with it in words that quote nothing of it. Half a form
 * is none: what breaks off, and what holds a part that can't be read, is refused as a whole.
 */
export function readForm(raw: Buffer, type: FormType, limits: FormLimits): FormEntry[] | string {
  const fields =
    type.kind === 'urlencoded' ? readPairs(raw, type.charset, limits) : readParts(raw, type.boundary, limits);
  return typeof fields === 'string' ? fields : entriesOf(fields, limits);
}

/** A field or file as it came. */
type Field = { name: string; bytes: Buffer; charset: string | null; file: { filename: string; type: string } | null };

/** By a field `_charset_` a form says the charset of all fields that name none themselves (RFC 7578, 4.6). */
function entriesOf(fields: readonly Field[], { isUtf8 }: FormLimits): FormEntry[] {
  const usual = fields.find(({ name }) => name === '_charset_')?.bytes.toString('latin1') ?? null;
  return fields.map(({ name, bytes, charset, file }) => [
    name,
    file ? { ...file, content: bytes } : wholeTextOf(bytes, isUtf8 ? null : (charset ?? usual)),
  ]);
}

const tooManyParts = ({ parts }: FormLimits): string => `a form can have ${parts} parts at most`;
const tooLarge = ({ partSize }: FormLimits): string => `a field or file of a form can have ${partSize} bytes at most`;

/** The pairs are counted before any is made: a body of `a&a&a&…` would become millions of them. */
function readPairs(raw: Buffer, charset: string | null, limits: FormLimits): Field[] | string {
  const pairs = pairsIn(raw.subarray(0, BOM.length).equals(BOM) ? raw.subarray(BOM.length) : raw, limits.parts);
  if (pairs === null) return tooManyParts(limits);
  const fields: Field[] = [];
  for (const pair of pairs) {
    if (pair.length === 0) continue;
    const equals = pair.indexOf(EQUALS);
    const end = equals < 0 ? pair.length : equals;
    const name = wholeTextOf(formBytesIn(pair.subarray(0, end)), charset);
    if (limits.only && !limits.only.has(name)) continue;
    const bytes = formBytesIn(pair.subarray(end + 1));
    if (bytes.length > limits.partSize) return tooLarge(limits);
    fields.push({ name, bytes, charset, file: null });
  }
  return fields;
}

const BOM = Buffer.from('\uFEFF');
const AMPERSAND = 0x26;
const EQUALS = 0x3d;

/** Null when there are too many. */
function pairsIn(raw: Buffer, most: number): Buffer[] | null {
  const pairs: Buffer[] = [];
  for (let from = 0; from <= raw.length; ) {
    if (pairs.length === most) return null;
    const at = raw.indexOf(AMPERSAND, from);
    const end = at < 0 ? raw.length : at;
    pairs.push(raw.subarray(from, end));
    from = end + 1;
  }
  return pairs;
}

function readParts(raw: Buffer, boundary: string, limits: FormLimits): Field[] | string {
  const body = withoutPreamble(raw, boundary);
  const options = {
    boundary,
    maxHeaderSize: HEADER_SIZE,
    maxParts: limits.parts,
    maxFileSize: limits.partSize,
    maxTotalSize: body.length,
  };
  const fields: Field[] = [];
  // A boundary has two hyphens before it, and a line end behind it.
  let at = boundary.length + 4;
  try {
    for (const part of parseMultipart(body, options)) {
      const header = body.subarray(at, body.indexOf(HEADER_END, at));
      const field = fieldOf(header, part, limits.only);
      if (typeof field === 'string') return field;
      if (field) fields.push(field);
      at += header.length + HEADER_END.length + part.size + boundary.length + 6;
    }
  } catch (error) {
    return problemOf(error, limits);
  }
  return fields.length > 0 || limits.only ? fields : 'the body is not a form';
}

const HEADER_END = Buffer.from('\r\n\r\n');

/** RFC 2046 allows any text before the first boundary; the parser allows none. */
function withoutPreamble(raw: Buffer, boundary: string): Buffer {
  if (raw.subarray(0, boundary.length + 2).equals(Buffer.from(`--${boundary}`))) return raw;
  const at = raw.indexOf(`\r\n--${boundary}`);
  return at < 0 ? raw : raw.subarray(at + 2);
}

/** A field or file, or what is wrong with it; null when it is not asked for. */
function fieldOf(header: Buffer, part: MultipartPart, only: FormLimits['only']): Field | string | null {
  const { name, filename, type, charset } = partHeadIn(header);
  if (name === '') return 'a part of the form has no name';
  if (only && !only.has(name)) return null;
  return { name, bytes: contentOf(part), charset, file: filename === null ? null : { filename, type } };
}

/** The content of a part, without copying it when it came in one piece. */
function contentOf({ content }: MultipartPart): Buffer {
  const [first, ...others] = content;
  if (first === undefined) return Buffer.alloc(0);
  if (others.length > 0) return Buffer.concat(content);
  return Buffer.from(first.buffer, first.byteOffset, first.byteLength);
}

function problemOf(error: unknown, limits: FormLimits): string {
  if (error instanceof MaxPartsExceededError) return tooManyParts(limits);
  if (error instanceof MaxFileSizeExceededError) return tooLarge(limits);
  if (error instanceof MaxHeaderSizeExceededError)
    return `the header of a part of the form can have ${HEADER_SIZE} bytes at most`;
  // The end is missing, or a boundary is not where it belongs.
  if (error instanceof MultipartParseError) return 'the body is not a form, or not whole';
  throw error;
}
