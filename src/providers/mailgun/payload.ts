import { outlineOf } from '../../base/json.ts';
import { type FormType, formTypeOf, readForm } from '../../mail/read-form.ts';
import { type Fields, isObject } from '../common/fields.ts';
import { formOf } from './legacy.ts';

/** The format of a body. `type` is kept with the body, and is enough to read it again. */
export type Format = ({ kind: 'json' } | FormType) & { type: string };

export type Payload = { kind: 'json'; body: Fields } | { kind: 'form'; form: Readonly<Record<string, string>> };

/** Null for a type that Mailgun never uses. Without a type it is JSON, as are the items that we asked for. */
export function formatOf(contentType: string | null | undefined): Format | null {
  const type = (contentType ?? '').trim();
  const [media = ''] = type.toLowerCase().split(/[;\s]/, 1);
  if (media === '' || media === 'application/json') return { kind: 'json', type: 'application/json' };
  const form = formTypeOf(type);
  if (form?.kind === 'multipart') return { ...form, type: `${media}; boundary="${form.boundary}"` };
  return form && { kind: 'urlencoded', charset: null, type: media };
}

const STRICT = new TextDecoder('utf-8', { fatal: true });

/**
 * The body as text that a database keeps unchanged; null when it can not be kept so, because two ids that differ in
 * broken bytes must not become one. Files in a multipart body may hold anything; they are not read.
 */
export function textOf(raw: Uint8Array, format: Format): string | null {
  if (format.kind === 'multipart') return new TextDecoder().decode(raw).replaceAll('\0', '\uFFFD');
  try {
    const text = STRICT.decode(raw);
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}

/** Mailgun's forms have some thirty, and the application's variables. */
const MOST_FIELDS = 300;
/** Mailgun's events have less than a hundred, and the application's variables of 4 KB. */
const MOST_VALUES = 5_000;
/** Mailgun's events are smaller. A larger body costs more to read than to look over. */
const SMALL = 64 * 1024;
/** Mailgun's events are smaller, with the application's variables of 4 KB. */
const AT_ONCE = 16 * 1024;

/** What a signature is made of. Somewhere in an event Mailgun may write the same names again. */
const SIGNED = ['signature', 'timestamp', 'token', 'parent-signature'] as const;
const NAME = Buffer.from('"signature"');
/** An object without another one in it. */
const BLOCK = /^\{[^{}]*\}/;
const MAX_BLOCK = 2048;
/** In user variables there may be others of that name. */
const MOST_SIGNATURES = 8;

/** The text of a body and what it says. */
export type Whole = { text: string; payload: Payload };

/** The whole of a body, or why it can't be read. */
export function wholeOf(raw: Buffer, format: Format): Whole | string {
  const text = textOf(raw, format);
  if (text === null) return UNCLEAN;
  const payload = payloadOf(text, format);
  return typeof payload === 'string' ? payload : { text, payload };
}

/**
 * Whether the whole of a body is read at once, whoever posted it. For an event of Mailgun that costs less than to find its
 * signature first, and half a millisecond at most for what anybody may make of so many bytes.
 */
export const isSmall = (raw: Buffer, format: Format): boolean => format.kind === 'json' && raw.length <= AT_ONCE;

/**
 * What looks like a signature in a large body or a form, or why nothing does. Anybody may post, so nothing more of it is made
 * into text or objects before one of these is known to be right.
 */
export function signedPartsOf(raw: Buffer, format: Format): Payload[] | string {
  if (format.kind !== 'json') {
    const form = formIn(raw, format, new Set(SIGNED));
    return typeof form === 'string' ? form : [form];
  }
  const parts: Payload[] = [];
  for (let at = objectIn(raw, 0), seen = 0; at >= 0 && seen < MOST_SIGNATURES; at = objectIn(raw, at), seen++) {
    const [block] = BLOCK.exec(raw.toString('utf8', at, at + MAX_BLOCK)) ?? [];
    if (block) parts.push({ kind: 'json', body: { signature: jsonIn(block) } });
  }
  if (parts.length > 0 || raw.length > SMALL) return parts;
  // Inbound routes write the signature among the other fields.
  const whole = wholeOf(raw, format);
  return typeof whole === 'string' ? whole : [whole.payload];
}

/** The place of the next object under the name of the signature; -1 when there is none. */
function objectIn(raw: Buffer, from: number): number {
  for (let at = raw.indexOf(NAME, from); at >= 0; at = raw.indexOf(NAME, at + NAME.length)) {
    const colon = afterBlanks(raw, at + NAME.length);
    const value = raw[colon] === COLON ? afterBlanks(raw, colon + 1) : colon;
    if (raw[value] === BRACE) return value;
  }
  return -1;
}

const COLON = 0x3a;
const BRACE = 0x7b;
/** Blank, tab, line feed and carriage return: what JSON allows between its parts (RFC 8259, 2). */
const BLANKS = [0x20, 0x09, 0x0a, 0x0d];

function afterBlanks(raw: Buffer, from: number): number {
  let at = from;
  while (BLANKS.includes(raw[at] ?? 0)) at++;
  return at;
}

const UNCLEAN = 'the body is not clean UTF-8';

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a body says, or why it can't be read. */
export function payloadOf(text: string, format: Format): Payload | string {
  if (format.kind !== 'json') return formIn(Buffer.from(text), format);
  // A signature may be used again by whoever has seen it: of large bodies not even a signed one may cost much.
  const outline = text.length > SMALL ? outlineOf(text, MOST_VALUES) : null;
  if (typeof outline === 'string') return outline;
  const body = jsonIn(text);
  if (body === undefined) return 'the body is not JSON';
  return isObject(body) ? { kind: 'json', body } : 'the JSON is no object';
}

/** The text fields of a form, which are kept as UTF-8 and are read so; files are left out. */
function formIn(body: Buffer, type: FormType, only?: ReadonlySet<string>): Payload | string {
  const limits = { parts: MOST_FIELDS, partSize: body.length, isUtf8: true };
  const entries = readForm(body, type, only ? { ...limits, only } : limits);
  if (typeof entries === 'string') return entries;
  const fields = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return { kind: 'form', form: formOf(fields) };
}
