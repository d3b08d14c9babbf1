import { AppError } from '../base/errors.ts';
import { outlineOf } from '../base/json.ts';
import type { FormEntry, FormFile } from '../mail/form.ts';
import { MAX_MESSAGE } from '../mail/limits.ts';
import { printable, refused } from './form-checks.ts';

/** A thousand recipients with variables of their own have fewer. */
const MOST_VALUES = 50_000;
/** Of these a list is one value; of the others it is several. */
const OBJECT = /^(?:v:|t:variables$|recipient-variables$)/;
const FILE = /^(?:attachment|inline|message)$/;

/**
 * A form in the shape of Mailgun's as a JSON object: fields by their names, a list where a field has several values, variables as
 * they are, and files as objects of `filename`, `contentType` and `content` in base64. `message` may be the text of a ready message. Throws
 * `AppError`. `domain` holds unless it is empty; then the form has to name it.
 */
export function readJsonForm(raw: Buffer, domain: string): { domain: string; form: FormEntry[] } {
  const { domain: named, ...fields } = objectIn(raw);
  const own = typeof named === 'string' ? named : '';
  if (domain === '' && own === '') throw refused('domain is missing');
  if (domain !== '' && own !== '' && own !== domain) throw refused('two domains are named');
  const form = Object.entries(fields).flatMap(([name, value]) => entriesOf(name, value));
  const size = form.reduce(
    (sum, [, value]) => sum + (typeof value === 'string' ? value.length : value.content.length),
    0,
  );
  if (size > MAX_MESSAGE) throw new AppError('too_large', `the message is larger than ${MAX_MESSAGE} bytes`);
  return { domain: domain || own, form };
}

function objectIn(raw: Buffer): Record<string, unknown> {
  const text = textIn(raw);
  const outline = outlineOf(text, MOST_VALUES);
  if (typeof outline === 'string') throw refused(outline);
  const value = parsed(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refused('the body is no JSON object');
  return value as Record<string, unknown>;
}

function textIn(raw: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(raw);
  } catch {
    throw refused('the body is not valid JSON');
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser's own message would quote the body.
    throw refused('the body is not valid JSON');
  }
}

function entriesOf(name: string, value: unknown): FormEntry[] {
  if (value === null) return [];
  const values: unknown[] = Array.isArray(value) && !OBJECT.test(name) ? value : [value];
  return values.map((one) => [name, textOrFile(name, one)]);
}

function textOrFile(name: string, value: unknown): string | FormFile {
  if (name === 'message' && typeof value === 'string') return fileOf(Buffer.from(value), {});
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'object' && value !== null) {
    if (OBJECT.test(name)) return JSON.stringify(value);
    if (FILE.test(name)) return fileIn(name, value as Record<string, unknown>);
  }
  throw refused(`'${printable(name)}' parameter is no text`);
}

function fileIn(name: string, value: Record<string, unknown>): FormFile {
  const { content } = value;
  const bytes = typeof content === 'string' ? base64In(content) : null;
  if (bytes === null) throw refused(`'${name}' parameter has no content in base64`);
  return fileOf(bytes, value);
}

const fileOf = (content: Buffer, { filename, contentType }: Record<string, unknown>): FormFile => ({
  filename: typeof filename === 'string' ? filename : 'file',
  type: typeof contentType === 'string' ? contentType : '',
  content,
});

/** Null for anything else: Node would leave out what it can't read, and the file would be another one. */
function base64In(text: string): Buffer | null {
  const bare = text.replace(/[\r\n]+/g, '');
  return bare.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(bare) ? Buffer.from(bare, 'base64') : null;
}
