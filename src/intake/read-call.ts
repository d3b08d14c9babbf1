import { createHash } from 'node:crypto';
import { AppError } from '../base/errors.ts';
import type { FormEntry, FormFile } from '../mail/form.ts';
import { MAX_MESSAGE } from '../mail/limits.ts';
import { formTypeOf, readForm } from '../mail/read-form.ts';
import type { Call } from '../store/messages/calls.ts';
import type { HandedIn } from './draft.ts';
import { readJsonForm } from './json-form.ts';

/** A form in the shape of Mailgun's, as it came. */
export type RawCall = {
  path: string;
  domain: string;
  contentType: string;
  raw: Buffer;
  caller: string;
  /** By which the caller tells this call from others; null when it said none. */
  idempotencyKey: string | null;
  /** Whether it may be JSON, which can name its domain itself: Mailgun takes none. */
  mayBeJson?: boolean;
};

/** Bytes of a body: some room for the form around a message. */
export const MAX_CALL = MAX_MESSAGE + 256 * 1024;
/** A thousand recipients, each in a field of its own, and as many fields again. */
const PARTS = 2000;

/** What a call asks for. Throws `AppError` when it is no form. */
export function readCall(call: RawCall): HandedIn {
  const { caller } = call;
  const isJson = call.mayBeJson === true && /^\s*application\/json\b/i.test(call.contentType);
  const { domain, form } = isJson ? readJsonForm(call.raw, call.domain) : { ...call, form: formIn(call) };
  return { domain, caller, form, repeatable: repeatableOf(call) };
}

/**
 * The name and the fingerprint of a call. The boundary of a multipart body is left out of the fingerprint, because it
 * is different each time.
 */
function repeatableOf({ path, contentType, raw, caller, idempotencyKey }: RawCall): Call | null {
  if (idempotencyKey === null) return null;
  const key = bareKey(idempotencyKey);
  if (!/^[\x20-\x7e]{1,256}$/.test(key))
    throw new AppError('invalid', 'Idempotency-Key must have 1 to 256 printable ASCII characters');
  const form = formTypeOf(contentType);
  const hash = createHash('sha256').update(`${path}\n`);
  for (const bytes of form?.kind === 'multipart' ? without(form.boundary, raw) : [raw]) hash.update(bytes);
  return { scope: caller, key, fingerprint: hash.digest('hex') };
}

/** Some write it bare, others in quotes, as a structured field (RFC 9651). */
export const bareKey = (key: string): string => key.replace(/^"(.*)"$/, '$1');

/**
 * The body in pieces, without its boundaries. There is one boundary before each part that a form can have, and one at
 * the end.
 */
function* without(boundary: string, raw: Buffer): Generator<Buffer> {
  let from = 0;
  for (let n = 0; n <= PARTS; n++) {
    const at = raw.indexOf(boundary, from);
    if (at < 0) break;
    yield raw.subarray(from, at);
    from = at + boundary.length;
  }
  yield raw.subarray(from);
}

function formIn({ raw, contentType }: RawCall): FormEntry[] {
  if (!/^\s*(multipart\/form-data|application\/x-www-form-urlencoded)\b/i.test(contentType))
    throw new AppError('unsupported', 'the body must be multipart/form-data or application/x-www-form-urlencoded');
  const type = formTypeOf(contentType);
  if (!type) throw new AppError('invalid', 'the Content-Type names no boundary');
  const form = readForm(raw, type, { parts: PARTS, partSize: MAX_CALL });
  if (typeof form === 'string') throw new AppError('invalid', form);
  return form
    .filter(([, value]) => typeof value === 'string' || !isEmptyInput(value))
    .map(([name, value]) => [plainName(name), value]);
}

/** A field of a web page in which nobody chose a file. */
const isEmptyInput = ({ filename, content }: FormFile): boolean => filename === '' && content.length === 0;

/** Ruby, PHP and others mark the fields of which there may be several: `to[]`, `o:tag[]`, `attachment[0]`. */
const plainName = (name: string): string => (/^[vh]:/.test(name) ? name : name.replace(/\[\d{0,4}\]$/, ''));
