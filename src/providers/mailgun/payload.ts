import { type FormType, formTypeOf, readForm } from '../../mail/read-form.ts';
import { type Fields, isObject } from './fields.ts';
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
  return form && { ...form, type: media };
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
const MOST_FIELDS = 1000;

/** What a body says, or why it can't be read. */
export function payloadOf(text: string, format: Format): Payload | string {
  if (format.kind !== 'json') return formIn(Buffer.from(text), format);
  const problem = jsonProblem(text);
  if (problem !== null) return problem;
  try {
    const body: unknown = JSON.parse(text);
    return isObject(body) ? { kind: 'json', body } : 'the JSON is no object';
  } catch {
    return 'the body is not JSON';
  }
}

/** The text fields of a form; files are left out. */
function formIn(body: Buffer, type: FormType): Payload | string {
  const entries = readForm(body, type, { parts: MOST_FIELDS, partSize: body.length });
  if (typeof entries === 'string') return entries;
  const fields = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return { kind: 'form', form: formOf(fields) };
}

/** Mailgun's events are five levels deep. Deeper nesting is an attack on whoever walks through it. */
const MAX_DEPTH = 32;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Checks JSON before it is parsed: it must not be nested too deep, or have a name twice in one of the two outer levels.
 * Parsers differ in which of the two they take, so what was kept could read differently one day. Mailgun never writes
 * such JSON.
 */
export function jsonProblem(text: string): string | null {
  const names: (Set<string> | null)[] = [];
  let isName = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      const end = endOfString(text, i);
      const seen = isName && names.length <= 2 ? names.at(-1) : null;
      if (seen && isRepeated(seen, text.slice(i, end + 1))) return 'a name stands twice in the JSON';
      isName = false;
      i = end;
    } else if (code === 0x7b || code === 0x5b) {
      names.push(code === 0x7b ? new Set() : null);
      isName = code === 0x7b;
      if (names.length > MAX_DEPTH) return 'the JSON is nested too deep';
    } else if (code === 0x7d || code === 0x5d) names.pop();
    else if (code === 0x2c) isName = true;
  }
  return null;
}

function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text.charCodeAt(i) !== QUOTE) i += text.charCodeAt(i) === BACKSLASH ? 2 : 1;
  return i;
}

function isRepeated(seen: Set<string>, literal: string): boolean {
  const name = literal.includes('\\') ? unescaped(literal) : literal.slice(1, -1);
  if (seen.has(name)) return true;
  seen.add(name);
  return false;
}

function unescaped(literal: string): string {
  try {
    return String(JSON.parse(literal));
  } catch {
    return literal; // This is no JSON; the parser will say so.
  }
}
