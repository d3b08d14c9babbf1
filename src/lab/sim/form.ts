import { gunzipSync } from 'node:zlib';
import type { Ms } from '../../core/time.ts';
import { formTypeOf, readForm } from '../../mail/read-form.ts';
import type { SimRequest } from './world.ts';

type Body = Pick<SimRequest, 'fields' | 'files' | 'json' | 'readable'>;

/** A request's body as fields and files: urlencoded, multipart (gzipped or not), or a JSON object's members. */
export const readBody = (raw: Buffer, type: string, encoding: string | undefined): Body => {
  const body: Body = { fields: {}, files: {}, json: undefined, readable: true };
  if (raw.length === 0) return body;
  try {
    const content = encoding === 'gzip' ? gunzipSync(raw) : raw;
    if (type.startsWith('application/json')) readJson(body, content);
    else readFields(body, content, type);
  } catch (error) {
    // JSON.parse throws SyntaxError, zlib an Error with a code.
    if (!(error instanceof Error)) throw error;
    body.readable = false;
  }
  return body;
};

const readJson = (body: Body, content: Buffer): void => {
  body.json = JSON.parse(content.toString('utf8'));
  if (typeof body.json !== 'object' || body.json === null || Array.isArray(body.json)) return;
  for (const [name, value] of Object.entries(body.json)) {
    if (typeof value === 'string' || typeof value === 'number') body.fields[name] = [String(value)];
  }
};

const PARTS = 10_000;

const readFields = (body: Body, content: Buffer, contentType: string): void => {
  const type = formTypeOf(contentType);
  const form = type ? readForm(content, type, { parts: PARTS, partSize: content.length }) : 'no form';
  if (typeof form === 'string') throw new Error(form);
  for (const [given, value] of form) {
    const name = plainName(given);
    if (typeof value === 'string') body.fields[name] = [...(body.fields[name] ?? []), value];
    else body.files[name] = [...(body.files[name] ?? []), value];
  }
};

/** Clients mark the fields that there may be several of: `to[]`, `attachment[0]`. A header or variable is called as it is. */
const plainName = (name: string): string => (/^[hv]:/.test(name) ? name : name.replace(/\[\d*\]$/, ''));

/** The first value of a field, or null; header-like names (`h:Message-Id`) in any case. */
export function fieldOf({ fields }: Pick<SimRequest, 'fields'>, name: string): string | null {
  const exact = fields[name]?.[0];
  if (exact !== undefined) return exact;
  const found = Object.entries(fields).find(([other]) => other.toLowerCase() === name.toLowerCase());
  return found?.[1][0] ?? null;
}

const RFC_2822 = /^(?:[A-Z][a-z]{2}, ?)?\d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}(?::\d{2})? (?:[+-]\d{4}|GMT|UT)$/;

/** RFC 2822 with a numeric offset or GMT, or seconds since the epoch; null for anything else (ISO 8601 for one). */
export function momentIn(text: string): Ms | null {
  if (/^\d{9,11}(?:\.\d+)?$/.test(text)) return Math.round(Number(text) * 1000);
  const parsed = RFC_2822.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(parsed) ? null : parsed;
}
