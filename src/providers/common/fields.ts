import { DateTime } from 'luxon';
import type { Ms } from '../../core/time.ts';
import { MAX_LINE } from '../../mail/limits.ts';

/** Values from JSON or a form, of which nothing is known yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** The object, or an empty one for anything else (Mailgun writes null, "" and [] where it means nothing). */
export function objectOf(value: unknown): Fields {
  return isObject(value) ? value : {};
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Lone surrogates and NUL: each database replaces or cuts them in its own way. */
const UNSTORABLE = /[\p{Surrogate}\0]/u;
const ALL_UNSTORABLE = new RegExp(UNSTORABLE, 'gu');

/**
 * A text to compare with: exactly as it came, or null when it can not be stored exactly. Absent and "" read as null.
 */
export function exact(value: unknown, max: number): string | null {
  const text = plain(value);
  return text === '' || text.length > max || UNSTORABLE.test(text) ? null : text;
}

/**
 * A text for people to read. What can not be stored is replaced, and of a long text the beginning and the end are kept.
 */
export function words(value: unknown, max: number): string | null {
  const text = plain(value).trim();
  if (text === '') return null;
  return shorten(text, max).replace(ALL_UNSTORABLE, '\uFFFD');
}

/**
 * The address that an event names; null only when it names none. One that can not be stored exactly is replaced like
 * words: it is somebody's, and nobody's whom we know.
 */
export const addressNamed = (value: unknown): string | null => exact(value, MAX_ADDRESS) ?? words(value, MAX_ADDRESS);

const MAX_ADDRESS = 320;

function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  const tail = Math.floor(max / 4);
  return `${text.slice(0, max - tail - 3)} … ${text.slice(-tail)}`;
}

function plain(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : '';
}

/** The last moment that a Date can name. */
const END_OF_TIME: Ms = 8.64e15;

/** A moment in any form that Mailgun has written it: seconds with or without a fraction, ms, RFC 2822, ISO 8601. */
export function momentOf(value: unknown): Ms | null {
  if (typeof value === 'number') return fromNumber(value);
  if (typeof value !== 'string' || value.length > 64) return null;
  const text = value.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return fromNumber(Number(text));
  const read = /^\d{4}-\d\d-\d\d/.test(text)
    ? DateTime.fromISO(text, { zone: 'utc' })
    : DateTime.fromRFC2822(text.replace(/ UTC$/, ' GMT'), { zone: 'utc' });
  return read.isValid && read.toMillis() > 0 ? read.toMillis() : null;
}

/** The unit follows from the size: seconds today have 10 digits, ms 13, µs 16, ns 19. */
function fromNumber(value: number): Ms | null {
  if (!(value > 0)) return null;
  const ms = value < 1e11 ? value * 1000 : value < 1e14 ? value : value < 1e17 ? value / 1e3 : value / 1e6;
  // Cut and not rounded, as in ISO times with three digits. The small addition is for fractions that a double can not
  // hold: 1521243339.873 s are 1521243339872.9999 ms.
  const cut = Math.floor(ms + 0.0005);
  return cut > 0 && cut <= END_OF_TIME ? cut : null;
}

const ENHANCED = /^[245]\.\d{1,3}\.\d{1,3}$/;

export function enhancedCodeOf(value: unknown): string | null {
  const text = typeof value === 'string' ? value.trim() : '';
  return ENHANCED.test(text) ? text : null;
}

/** An SMTP reply code or one of Mailgun's own; 0, "" and an enhanced code in its place are none. */
export function replyCodeOf(value: unknown): number | null {
  const text = plain(value).trim();
  return /^[2-9]\d\d$/.test(text) ? Number(text) : null;
}

/** Message-Id without angle brackets. */
export function messageIdOf(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  return exact(value.trim().replace(/^<|>$/g, ''), MAX_LINE);
}
