import type { FormEntry, FormFile } from '../mail/form.ts';
import { HomingError } from './homing-error.ts';

/** Options that mailgun.js turns into "yes" and "no". */
const SWITCHES: ReadonlySet<string> = new Set([
  'o:testmode',
  't:text',
  'o:dkim',
  'o:tracking',
  'o:tracking-clicks',
  'o:tracking-opens',
  'o:require-tls',
  'o:skip-verification',
]);
const FILES: ReadonlySet<string> = new Set(['attachment', 'inline', 'message']);

/** The form that mailgun.js would post of this data. Streams are read to their end. */
export async function formFrom(data: object): Promise<FormEntry[]> {
  const form: FormEntry[] = [];
  for (const [name, value] of Object.entries(data) as [string, unknown][])
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
      const isSwitch = SWITCHES.has(name) && typeof one === 'boolean';
      if (isSwitch) form.push([name, one ? 'yes' : 'no']);
      else if (one) form.push([name, FILES.has(name) ? await fileFrom(name, one) : textFrom(name, one)]);
    }
  return form;
}

function textFrom(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'object') return JSON.stringify(value);
  throw new HomingError('invalid', `${name.slice(0, 64)} must be text`);
}

async function fileFrom(name: string, value: unknown): Promise<FormFile> {
  const filename = name === 'message' ? 'message.mime' : 'file';
  const described = isRecord(value) && !isContent(value) && 'data' in value ? value : null;
  const content = await bytesFrom(name, described ? described['data'] : value);
  const own = described ?? (isRecord(value) ? { filename: value['name'], contentType: value['type'] } : {});
  return { filename: textOr(own['filename'], filename), type: textOr(own['contentType'], TYPE), content };
}

const TYPE = 'application/octet-stream';
const textOr = (value: unknown, otherwise: string): string =>
  typeof value === 'string' && value !== '' ? value : otherwise;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const isContent = (value: object): boolean =>
  Buffer.isBuffer(value) || value instanceof Blob || value instanceof Uint8Array || Symbol.asyncIterator in value;

async function bytesFrom(name: string, value: unknown): Promise<Buffer> {
  if (typeof value === 'string') return Buffer.from(value);
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (value instanceof Blob) return Buffer.from(await value.arrayBuffer());
  if (!isRecord(value) || !(Symbol.asyncIterator in value))
    throw new HomingError('invalid', `${name} must be text, bytes, a Blob or a stream`);
  const parts: Buffer[] = [];
  for await (const part of value as unknown as AsyncIterable<string | Uint8Array>) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}
