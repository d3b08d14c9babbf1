import { isUtf8 } from 'node:buffer';
import {
  MaxFileSizeExceededError,
  MaxHeaderSizeExceededError,
  MaxPartsExceededError,
  MultipartParseError,
  type MultipartPart,
  parseMultipart,
} from '@remix-run/multipart-parser';
import { formTextIn } from './decode.ts';
import type { FormEntry } from './form.ts';
import { partHeadIn } from './part-head.ts';

export type FormLimits = {
  /** Fields and files together. */
  parts: number;
  /** Bytes of one field or file. */
  partSize: number;
  /** Only what has one of these names is read; the others are counted, and nothing is made of them. */
  only?: ReadonlySet<string>;
};

/** Bytes of the header of one part: two or three lines, and a long file name percent-encoded twice. */
const HEADER_SIZE = 4 * 1024;

export type FormType = { kind: 'urlencoded' } | { kind: 'multipart'; boundary: string };

/** How a form of this content type is written; null for a type that is no form, or names no boundary. */
export function formTypeOf(contentType: string): FormType | null {
  const [media = ''] = contentType.trim().toLowerCase().split(/[;\s]/, 1);
  if (media === 'application/x-www-form-urlencoded') return { kind: 'urlencoded' };
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
export const readForm = (raw: Buffer, type: FormType, limits: FormLimits): FormEntry[] | string =>
  type.kind === 'urlencoded' ? readPairs(raw, limits) : readParts(raw, type.boundary, limits);

const tooManyParts = ({ parts }: FormLimits): string => `a form can have ${parts} parts at most`;
const tooLarge = ({ partSize }: FormLimits): string => `a field or file of a form can have ${partSize} bytes at most`;

/** The pairs are counted before any is made: a body of `a&a&a&…` would become millions of them. */
function readPairs(raw: Buffer, limits: FormLimits): FormEntry[] | string {
  const pairs = pairsIn(raw.subarray(0, BOM.length).equals(BOM) ? raw.subarray(BOM.length) : raw, limits.parts);
  if (pairs === null) return tooManyParts(limits);
  const entries: FormEntry[] = [];
  for (const pair of pairs) {
    if (pair.length === 0) continue;
    const equals = pair.indexOf(EQUALS);
    const name = formTextIn(equals < 0 ? pair : pair.subarray(0, equals));
    if (limits.only && !limits.only.has(name)) continue;
    const value = equals < 0 ? '' : formTextIn(pair.subarray(equals + 1));
    if (value.length > limits.partSize) return tooLarge(limits);
    entries.push([name, value]);
  }
  return entries;
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

function readParts(raw: Buffer, boundary: string, limits: FormLimits): FormEntry[] | string {
  const body = withoutPreamble(raw, boundary);
  const options = {
    boundary,
    maxHeaderSize: HEADER_SIZE,
    maxParts: limits.parts,
    maxFileSize: limits.partSize,
    maxTotalSize: body.length,
  };
  const entries: FormEntry[] = [];
  // A boundary has two hyphens before it, and a line end behind it.
  let at = boundary.length + 4;
  try {
    for (const part of parseMultipart(body, options)) {
      const header = body.subarray(at, body.indexOf(HEADER_END, at));
      const entry = entryOf(header, part, limits.only);
      if (typeof entry === 'string') return entry;
      if (entry) entries.push(entry);
      at += header.length + HEADER_END.length + part.size + boundary.length + 6;
    }
  } catch (error) {
    return problemOf(error, limits);
  }
  return entries.length > 0 || limits.only ? entries : 'the body is not a form';
}

const HEADER_END = Buffer.from('\r\n\r\n');

/** RFC 2046 allows any text before the first boundary; the parser allows none. */
function withoutPreamble(raw: Buffer, boundary: string): Buffer {
  if (raw.subarray(0, boundary.length + 2).equals(Buffer.from(`--${boundary}`))) return raw;
  const at = raw.indexOf(`\r\n--${boundary}`);
  return at < 0 ? raw : raw.subarray(at + 2);
}

/** A field or file, or what is wrong with it; null when it is not asked for. */
function entryOf(header: Buffer, part: MultipartPart, only: FormLimits['only']): FormEntry | string | null {
  if (!isUtf8(header)) return NOT_WHOLE;
  const { name, filename, type } = partHeadIn(header);
  if (name === '') return 'a part of the form has no name';
  if (only && !only.has(name)) return null;
  const content = contentOf(part);
  return [name, filename === null ? content.toString() : { filename, type, content }];
}

/** The content of a part, without copying it when it came in one piece. */
function contentOf({ content }: MultipartPart): Buffer {
  const [first, ...others] = content;
  if (first === undefined) return Buffer.alloc(0);
  if (others.length > 0) return Buffer.concat(content);
  return Buffer.from(first.buffer, first.byteOffset, first.byteLength);
}

const NOT_WHOLE = 'the body is not a form, or not whole';

function problemOf(error: unknown, limits: FormLimits): string {
  if (error instanceof MaxPartsExceededError) return tooManyParts(limits);
  if (error instanceof MaxFileSizeExceededError) return tooLarge(limits);
  if (error instanceof MaxHeaderSizeExceededError)
    return `the header of a part of the form can have ${HEADER_SIZE} bytes at most`;
  // The end is missing, or a boundary is not where it belongs.
  if (error instanceof MultipartParseError) return NOT_WHOLE;
  throw error;
}
